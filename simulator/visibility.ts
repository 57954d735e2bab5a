import { shuffled } from './builder';
import type { Cloud } from './cloud';
import type { Job } from './jobs';
import type { Afterimage, Port, Server, View } from './world';

/**
 * What reads show, which may lag behind what is the case: after a job's SUCCESS a NIC can still be listed, and it can be
 * missing before the job's end (ecs-api.md §13, "visibility lag").
 */

/** What a NIC leaves behind when a job takes it off. */
export function afterimageOf(cloud: Cloud, job: Job, at: number): Afterimage {
  const { goneFrom, lagSeconds, lagReads, lagIn } = cloud.knobs;
  // A stuck job never ends: what it has done is seen once it is done.
  const from = goneFrom === 'sub-job-end' || job.endsAt === Infinity ? at : Math.max(at, job.endsAt);
  const reads = (view: View) => (lagIn.includes(view) ? lagReads : 0);
  return {
    serverId: job.server.id,
    from,
    until: from + lagSeconds * 1000,
    reads: { list: reads('list'), detail: reads('detail'), port: reads('port') },
  };
}

/** Whether the port is still shown on the server it was taken from; this read counts. */
function lingers(cloud: Cloud, port: Port, view: View, now: number): boolean {
  const image = port.afterimage;
  if (!image) return false;
  if (now < (cloud.knobs.lagIn.includes(view) ? image.until : image.from)) return true;
  if (image.reads[view] <= 0) return false;
  image.reads[view] -= 1;
  return true;
}

/** The NICs a read shows on a server, in the order of the knob. */
export function shownNics(cloud: Cloud, server: Server, view: View, now: number): Port[] {
  const { world, knobs, settings } = cloud;
  const ports = server.history
    .map((id) => world.ports.get(id))
    .filter((port): port is Port => port !== undefined)
    .filter(
      (port) =>
        port.deviceId === server.id ||
        (port.afterimage?.serverId === server.id && lingers(cloud, port, view, now)),
    )
    .sort((a, b) => a.attachedSeq - b.attachedSeq);
  return knobs.nicOrder === 'shuffled' ? shuffled(ports, settings.seed, server.createdAt % 1000) : ports;
}

/** The server a port is shown on, or empty; undefined: the port is not found. */
export function shownDevice(cloud: Cloud, port: Port, now: number): string | undefined {
  if (port.deviceId === '' && port.afterimage && lingers(cloud, port, 'port', now)) {
    return port.afterimage.serverId;
  }
  return port.deletedAt === null ? port.deviceId : undefined;
}
