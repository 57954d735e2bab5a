/** The part of `--check` that asks Temporal. */
import type { Config } from '../config';
import type { Finding } from './finding';
import { whyUnreadable } from '../temporal/still-awaited';
import type { Temporal as AnyTemporal } from '../../client/connect';
import { unreachable } from '../../client/connect';
import { isRefusal } from '../../client/explain/connection';
import { routingOf } from '../../client/explain/silence';
import { isForbidden, reasonOf } from '../../client/grpc';
import type { Version } from '../../client/pollers';
import { SAME_CLOCK, livingOf, readQueues } from '../../client/pollers';
import { attributeAdvice, listAttributes, retentionAdvice } from '../temporal/namespace';
import { strangers, strangersAdvice } from '../temporal/strangers';
import { readTold } from '../temporal/told-attributes';
import type { TemporalTarget } from '../../client/target';
import type { Temporal } from '../temporal/connection';
import { connectOnce } from '../temporal/connection';
import { formatDuration } from '../../contract/duration';

/** @param config `null`: the configuration has problems, so checks that depend on it are skipped */
export async function checkTemporal(target: TemporalTarget, config: Config | null): Promise<Finding[]> {
  let temporal: Temporal;
  try {
    temporal = await connectOnce(target);
  } catch (error) {
    return [await failure(target, error)];
  }
  const { address, namespace, retentionMs } = temporal;
  const findings: Finding[] = [
    { status: 'ok', what: 'Temporal', text: `${address} answers, namespace ${namespace} exists` },
  ];
  const advice = retentionAdvice(temporal);
  if (advice !== null) findings.push({ status: 'warning', what: 'retention', text: advice });
  else if (retentionMs !== null) {
    const text = `closed runs are kept for ${formatDuration(retentionMs)}`;
    findings.push({ status: 'ok', what: 'retention', text });
  }
  findings.push(await attributes(temporal, config?.searchAttributes ?? null), await runs(temporal));
  if (config !== null) findings.push(await queue(temporal, config));
  if (config !== null && config.deployment !== null) {
    findings.push(await deployment(temporal, config.taskQueue, config.deployment));
  }
  await temporal.connection.close().catch(() => undefined);
  return findings;
}

async function failure(target: TemporalTarget, error: unknown): Promise<Finding> {
  const { address, explanation } = await unreachable(error, target);
  const { text, remedy } = explanation;
  const failed = { status: 'failed', what: 'Temporal' } as const;
  return isRefusal(explanation)
    ? { ...failed, text: `${address} answers, but ${text}. ${remedy}` }
    : { ...failed, text: `${address} is not reachable: ${text}. ${remedy}`, unreachable: true };
}

async function attributes(temporal: Temporal, told: readonly string[] | null): Promise<Finding> {
  const what = 'search attributes';
  try {
    const listing = await listAttributes(temporal);
    const advice = attributeAdvice(listing);
    return advice === null
      ? { status: 'ok', what, text: listing.usable.join(', ') }
      : { status: 'warning', what, text: advice };
  } catch (error) {
    if (isForbidden(error)) {
      const { text, warning } = await readTold(temporal, told, reasonOf(error));
      return { status: warning ? 'warning' : 'ok', what, text };
    }
    const text = `could not be listed (${reasonOf(error)}): runs work without them`;
    return { status: 'warning', what, text };
  }
}

/** The worker sends no change to the cloud without this. */
export async function runs(temporal: AnyTemporal): Promise<Finding> {
  const what = 'runs';
  const why = await whyUnreadable(temporal);
  if (why === null) return { status: 'ok', what, text: 'can be read' };
  return why.final
    ? {
        status: 'failed',
        what,
        text: `the worker may not read them, and sends nothing without that: ${why.text}`,
      }
    : { status: 'warning', what, text: `could not be read (${why.text})` };
}

async function queue(temporal: Temporal, config: Config): Promise<Finding> {
  const what = 'task queue';
  try {
    const found = await strangers(temporal, config);
    return found.length === 0
      ? {
          status: 'ok',
          what,
          text: `no worker of another project, region or endpoint polls ${config.taskQueue}`,
        }
      : { status: 'warning', what, text: strangersAdvice(found, config) };
  } catch (error) {
    return { status: 'warning', what, text: `its pollers could not be read (${reasonOf(error)})` };
  }
}

async function deployment(temporal: Temporal, taskQueue: string, version: Version): Promise<Finding> {
  const what = 'deployment';
  try {
    const queues = await livingOf(await readQueues(temporal, taskQueue), SAME_CLOCK);
    const { isTaker, text } = routingOf(queues, version, temporal.namespace);
    return { status: isTaker ? 'ok' : 'warning', what, text };
  } catch (error) {
    return { status: 'warning', what, text: `could not be read (${reasonOf(error)})` };
  }
}
