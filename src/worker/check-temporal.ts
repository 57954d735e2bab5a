/** The part of `--check` that asks Temporal. */
import type { Finding } from './check';
import { attributeAdvice, listAttributes, retentionAdvice } from './namespace';
import type { TemporalTarget } from '../temporal-target';
import type { Temporal } from './temporal';
import { connectOnce, reasonOf } from './temporal';
import { formatDuration } from '../contract/duration';

const GRPC = { notFound: 5, permissionDenied: 7, unauthenticated: 16 } as const;

export async function checkTemporal(target: TemporalTarget): Promise<Finding[]> {
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
  findings.push(await attributes(temporal));
  await temporal.connection.close().catch(() => undefined);
  return findings;
}

function failure({ address, namespace }: TemporalTarget, error: unknown): Finding {
  const code = (error as { code?: unknown }).code;
  const reason = reasonOf(error);
  const failed = (text: string): Finding => ({ status: 'failed', what: 'Temporal', text });
  if (code === GRPC.notFound) {
    return failed(
      `${address} answers, but has no namespace ${namespace}: check TEMPORAL_NAMESPACE, or create it: ` +
        `temporal operator namespace create --namespace ${namespace} --retention 7d`,
    );
  }
  const denied = code === GRPC.permissionDenied || code === GRPC.unauthenticated;
  if (denied || /unauthenticated|permission ?denied|TLS/i.test(reason)) {
    return failed(
      `${address} is there, but ${reason}. Check TEMPORAL_API_KEY, TEMPORAL_TLS* and TEMPORAL_NAMESPACE`,
    );
  }
  return {
    ...failed(`${address} is not reachable: ${reason}. Check TEMPORAL_ADDRESS, and that it runs`),
    unreachable: true,
  };
}

async function attributes(temporal: Temporal): Promise<Finding> {
  const what = 'search attributes';
  try {
    const listing = await listAttributes(temporal);
    const advice = attributeAdvice(listing);
    return advice === null
      ? { status: 'ok', what, text: listing.usable.join(', ') }
      : { status: 'warning', what, text: advice };
  } catch (error) {
    const text = `could not be listed (${reasonOf(error)}): runs go without them`;
    return { status: 'warning', what, text };
  }
}
