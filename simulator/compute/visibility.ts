import { shuffled } from '../control/builder';
import type { Cloud } from '../simulated-cloud';
import type { Job } from './jobs';
import type { Afterimage, Port, Server, View } from '../world/world';

/**
 * What reads show. It may lag behind the true state: after a job's SUCCESS a NIC can still be listed, and it can be
 * missing before the job's end (docs/cloud-api.md §3.5).
 */

/** What a NIC leaves behind at `deviceId` when a job takes it from there; empty: it was free, and is attached now. */
export function afterimageOf(cloud: Cloud, job: Job, deviceId: string, at: number): Afterimage {
  const { goneFrom, lagSeconds, lagReads, lagIn } = cloud.knobs;
  // A stuck job never ends: what it has done is seen once it is done.
  const from = goneFrom === 'sub-job-end' || job.endsAt === Infinity ? at : Math.max(at, job.endsAt);
  const reads = (view: View) => (lagIn.includes(view) ? lagReads : 0);
  return {
    deviceId,
    from,
    until: from + lagSeconds * 1000,
    reads: { list: reads('list'), detail: reads('detail'), port: reads('port') },
  };
}

/** Whether the port is still shown where it was; this read counts. */
function lingers(cloud: Cloud, image: Afterimage, view: View, now: number): boolean {
  if (now < (cloud.knobs.lagIn.includes(view) ? image.until : image.from)) return true;
  if (image.reads[view] <= 0) return false;
  image.reads[view] -= 1;
  return true;
}

/** Undefined: the port is not found. */
function deviceIn(cloud: Cloud, port: Port, view: View, now: number): string | undefined {
  const image = port.afterimage;
  if (image && lingers(cloud, image, view, now)) return image.deviceId;
  return port.deletedAt === null ? port.deviceId : undefined;
}

/** The NICs a read shows on a server, in the order of the knob; `now`: the instant that the read shows, which may be past. */
export function shownNics(cloud: Cloud, server: Server, view: View, now: number): Port[] {
  const { world, knobs, settings } = cloud;
  const concerned = (port: Port) => port.deviceId === server.id || port.afterimage?.deviceId === server.id;
  const ports = server.history
    .map((id) => world.ports.get(id))
    .map((port) => port && world.past.at(port, now))
    .filter((port) => port !== undefined && port !== null)
    // A read that is not about the port must not count.
    .filter((port) => concerned(port) && deviceIn(cloud, port, view, now) === server.id)
    .sort((a, b) => a.attachedSeq - b.attachedSeq);
  return knobs.nicOrder === 'shuffled' ? shuffled(ports, settings.seed, server.createdAt % 1000) : ports;
}

/** The server a port is shown on, or empty; undefined: the port is not found. */
export function shownDevice(cloud: Cloud, port: Port, now: number): string | undefined {
  return deviceIn(cloud, port, 'port', now);
}

/** The server a request about a port is about, for faults and ledger: where it is, or where a job took it off last. */
export function serverConcerned(cloud: Cloud, portId: string): string | undefined {
  const port = cloud.world.ports.get(portId);
  return port?.deviceId || port?.afterimage?.deviceId || undefined;
}
