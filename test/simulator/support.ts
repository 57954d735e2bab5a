import type { Simulator, SimulatorOptions } from '../../simulator';
import { DEFAULTS, ManualClock, createSimulator } from '../../simulator';

export interface Reply {
  status: number;
  headers: Record<string, unknown>;
  // What the wire holds is what these tests are about; a type would only repeat it.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
}

/** A simulator on a clock that stands still, without signatures unless asked for; called in-process. */
export class Bench {
  readonly simulator: Simulator;
  readonly project = DEFAULTS.projectId;

  constructor(options: SimulatorOptions = {}) {
    this.simulator = createSimulator({ clock: new ManualClock(), auth: 'none', ...options });
  }

  get control() {
    return this.simulator.control;
  }

  async call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    headers = {},
  ): Promise<Reply> {
    const answer = await this.simulator.app.inject({
      method,
      url: `/v1/${this.project}${path}`,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    let parsed: unknown = answer.body;
    try {
      parsed = JSON.parse(answer.body);
    } catch {
      // Empty answers and a firewall's pages are no JSON.
    }
    return { status: answer.statusCode, headers: answer.headers, body: parsed };
  }

  deleteNics(serverId: string, ids: readonly string[]): Promise<Reply> {
    return this.call('POST', `/cloudservers/${serverId}/nics/delete`, { nics: ids.map((id) => ({ id })) });
  }

  attachNics(serverId: string, nics: readonly object[]): Promise<Reply> {
    return this.call('POST', `/cloudservers/${serverId}/nics`, { nics });
  }

  /** A port of nobody's that exists in the cloud: its id. */
  freePort(spec: Parameters<Simulator['control']['createPort']>[0] = {}): string {
    return this.control.createPort(spec).id;
  }

  async listed(serverId: string): Promise<string[]> {
    const { body } = await this.call('GET', `/cloudservers/${serverId}/os-interface`);
    return (body.interfaceAttachments as { port_id: string }[]).map((row) => row.port_id);
  }

  detail(serverId: string): Promise<Reply> {
    return this.call('GET', `/cloudservers/${serverId}`);
  }

  job(id: string): Promise<Reply> {
    return this.call('GET', `/jobs/${id}`);
  }

  /** What the wire says of the NICs of a job. */
  async subJobs(id: string) {
    return (await this.job(id)).body.entities.sub_jobs as {
      status: string;
      error_code: string | null;
      entities: { nic_id?: string };
    }[];
  }

  port(id: string): Promise<Reply> {
    return this.call('GET', `/ports/${id}`);
  }

  /** Seconds. */
  advance(seconds: number): void {
    this.control.advance(seconds * 1000);
  }

  /** A server of four NICs, as ids: the primary one first. */
  server(spec: Parameters<Simulator['control']['createServer']>[0] = {}) {
    const server = this.control.createServer(spec);
    const [primary = '', a = '', b = '', c = ''] = server.nics.map((nic) => nic.id);
    return { id: server.id, primary, a, b, c };
  }

  /** `id → where it really is`. */
  states(serverId: string): Record<string, string> {
    return Object.fromEntries(this.control.truth(serverId).nics.map((nic) => [nic.id, nic.state]));
  }
}
