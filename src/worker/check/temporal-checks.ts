/** The part of `--check` that asks Temporal. */
import type { Config } from '../config';
import type { Finding } from './finding';
import { whyUnreadable } from '../temporal/still-awaited';
import type { Temporal as AnyTemporal } from '../../client/connect';
import { GRPC, isForbidden } from '../../client/grpc';
import { attributeAdvice, listAttributes, retentionAdvice } from '../temporal/namespace';
import { strangers, strangersAdvice } from '../temporal/strangers';
import { readTold } from '../temporal/told-attributes';
import { routingOf } from '../routing';
import type { TemporalTarget } from '../../client/target';
import type { Temporal } from '../temporal/connection';
import { connectOnce, reasonOf, WrongConnection } from '../temporal/connection';
import { formatDuration } from '../../contract/duration';

/** @param config `null`: the configuration has problems, so checks that depend on it are skipped */
export async function checkTemporal(target: TemporalTarget, config: Config | null): Promise<Finding[]> {
  let temporal: Temporal;
  try {
    temporal = await connectOnce(target);
  } catch (error) {
    return [failure(target, error)];
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
    findings.push(await deployment(temporal, config.deployment));
  }
  await temporal.connection.close().catch(() => undefined);
  return findings;
}

function failure({ address, namespace }: TemporalTarget, error: unknown): Finding {
  const code = (error as { code?: unknown }).code;
  const reason = reasonOf(error);
  const failed = (text: string): Finding => ({ status: 'failed', what: 'Temporal', text });
  if (error instanceof WrongConnection) return failed(`${address} answers, but ${error.message}`);
  if (code === GRPC.notFound) {
    return failed(
      `${address} answers, but has no namespace ${namespace}: check TEMPORAL_NAMESPACE, or create it: ` +
        `temporal operator namespace create --namespace ${namespace} --retention 7d`,
    );
  }
  const denied = code === GRPC.permissionDenied || code === GRPC.unauthenticated;
  if (denied || /unauthenticated|permission ?denied|TLS/i.test(reason)) {
    return failed(
      `${address} answers, but ${reason}. Check TEMPORAL_API_KEY, TEMPORAL_TLS* and TEMPORAL_NAMESPACE`,
    );
  }
  return {
    ...failed(`${address} is not reachable: ${reason}. Check TEMPORAL_ADDRESS, and that it runs`),
    unreachable: true,
  };
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

async function deployment(temporal: Temporal, wanted: NonNullable<Config['deployment']>): Promise<Finding> {
  const what = 'deployment';
  try {
    const { current, text } = await routingOf(temporal, wanted);
    return { status: current ? 'ok' : 'warning', what, text };
  } catch (error) {
    return { status: 'warning', what, text: `could not be read (${reasonOf(error)})` };
  }
}
