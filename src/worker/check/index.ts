/** `--check`: configuration, addresses, Temporal and cloud. Only reads; prints one line each, with the remedy. */
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Config } from '../config';
import { inspectConfig, unreadAdvice } from '../config';
import type { Address } from '../addresses';
import { addressProblem, formatAddress, probeAddress } from '../addresses';
import { checkCloud } from './cloud-checks';
import { checkTemporal } from './temporal-checks';
import type { Finding } from './finding';
import { readTarget } from '../../client/target';
import { cleanLine } from '../../contract/text';

const EXIT = { ok: 0, repair: 2, unreachable: 3 } as const;

/**
 * Prints its findings as they arrive, in a fixed order. Starts nothing, changes nothing, and takes half a minute at
 * most.
 * @returns exit code: 0 all right (warnings allowed), 2 something to repair, 3 only Temporal is not reachable
 */
export async function check(
  env: NodeJS.ProcessEnv,
  libDir: string,
  say: (line: string) => void,
): Promise<number> {
  const { config, problems } = inspectConfig(env, libDir, false);
  const { target, problems: more } = readTarget(env);
  problems.push(...more.filter((problem) => !problems.includes(problem)));
  // The findings already hold what the SDK would log.
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { forward: {}, filter: { core: 'ERROR', other: 'ERROR' } } },
  });
  const parts: (Finding[] | Promise<Finding[]>)[] = [
    ofConfiguration(config, problems, env),
    ofAddress('health', 'ECS_NICS_HEALTH_ADDRESS', config.healthAddress),
    ofAddress('metrics', 'ECS_NICS_METRICS_ADDRESS', config.metricsAddress),
    target === null ? [skipped('Temporal')] : checkTemporal(target, problems.length > 0 ? null : config),
    problems.length > 0 ? [skipped('ECS'), skipped('VPC')] : checkCloud(config),
  ];
  const findings: Finding[] = [];
  for (const part of parts) {
    for (const finding of await part) {
      findings.push(finding);
      say(cleanLine(`${finding.status.padEnd(7)}  ${finding.what.padEnd(17)}  ${finding.text}`));
    }
  }
  const failed = findings.filter(({ status }) => status === 'failed');
  if (failed.length === 0) return EXIT.ok;
  return failed.every(({ unreachable }) => unreachable) ? EXIT.unreachable : EXIT.repair;
}

function skipped(what: string): Finding {
  return { status: 'skipped', what, text: 'repair the configuration first' };
}

function ofConfiguration(config: Config, problems: readonly string[], env: NodeJS.ProcessEnv): Finding[] {
  const what = 'configuration';
  const findings = problems.map((text): Finding => ({ status: 'failed', what, text }));
  if (findings.length === 0) {
    const { projectId, region, credentialKind, taskQueue } = config;
    const text = `project ${projectId} in ${region}, ${credentialKind}, task queue ${taskQueue}`;
    findings.push({ status: 'ok', what, text });
  }
  if (config.unread.length > 0) findings.push({ status: 'warning', what, text: unreadAdvice(config.unread) });
  if (config.bundlePath !== null) {
    findings.push({ status: 'ok', what: 'workflow bundle', text: config.bundlePath });
  } else if (env.NODE_ENV !== 'production') {
    // In production this is a problem, and is reported above.
    const text = 'not built: each start of a worker takes 2 s longer; run `npm run build`';
    findings.push({ status: 'warning', what: 'workflow bundle', text });
  }
  return findings;
}

async function ofAddress(what: string, variable: string, address: Address | null): Promise<Finding[]> {
  if (address === null) return [];
  const problem = await probeAddress(address);
  if (problem === null) return [{ status: 'ok', what, text: `${formatAddress(address)} is free` }];
  const text = addressProblem(variable, address, problem);
  return problem.code === 'EADDRINUSE'
    ? [{ status: 'warning', what, text: `${text}; that is fine if the worker itself uses it` }]
    : [{ status: 'failed', what, text }];
}
