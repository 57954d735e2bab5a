/** The simulated cloud as a child process, and its control API. */
import { randomBytes } from 'node:crypto';
import { cleanEnvironment, startProgram, stop } from './processes';

export interface Simulator {
  url: string;
  projectId: string;
  region: string;
  accessKey: { ak: string; sk: string };
  pid: number;
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
  /** Any control call, e.g. `control('DELETE', '/_sim/faults')`. */
  control<T>(method: string, path: string, body?: unknown): Promise<T>;
  close(): Promise<void>;
}

/** What the control API says, as far as it is used here. */
export interface SimServer {
  id: string;
  name: string;
  nics: { id: string; ip: string; primary: boolean }[];
}
export interface Truth {
  nics: { id: string; ip: string; primary: boolean; state: string; deletions: number }[];
}
export interface Ledger {
  summary: { requests: Record<string, number>; nicsDetached: number };
  requests: { class: string; accepted?: boolean; status: number }[];
}

/** What a worker needs in its environment to work on this cloud and on no other. */
export function cloudSettings({ accessKey, projectId, region, url }: Simulator): Record<string, string> {
  return {
    HUAWEICLOUD_SDK_AK: accessKey.ak,
    HUAWEICLOUD_SDK_SK: accessKey.sk,
    HUAWEICLOUD_SDK_PROJECT_ID: projectId,
    HUAWEICLOUD_SDK_REGION_ID: region,
    HUAWEICLOUD_ECS_ENDPOINT: url,
    HUAWEICLOUD_VPC_ENDPOINT: url,
    HUAWEICLOUD_IAM_ENDPOINT: url,
  };
}

/** First line of the simulator's output. */
interface Announcement {
  simulator: string;
  project: string;
  region: string;
}

export async function startSimulator(args: string[] = []): Promise<Simulator> {
  // A secret of its own each time: a test can look for it where no secret may be.
  const accessKey = { ak: 'SIMULATORACCESSKEY00', sk: randomBytes(20).toString('hex') };
  const env = cleanEnvironment(process.env, { SIMULATOR_AK: accessKey.ak, SIMULATOR_SK: accessKey.sk });
  const running = startProgram('simulator/main.js', ['--port', '0', ...args], env);
  const line = await new Promise<string | undefined>((fulfil) => {
    running.onLine('stdout', fulfil);
    void running.finished.then(() => fulfil(undefined));
  });
  if (line === undefined) throw new Error(`The simulator did not start.\n${(await running.finished).stderr}`);
  const said = JSON.parse(line) as Announcement;

  async function control<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${said.simulator}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
  return {
    url: said.simulator,
    projectId: said.project,
    region: said.region,
    accessKey,
    pid: running.pid,
    get: (path) => control('GET', path),
    post: (path, body) => control('POST', path, body),
    control,
    close: () => stop(running.child, 2_000),
  };
}
