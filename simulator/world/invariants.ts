import type { LedgerView } from './ledger';

export interface Violation {
  rule: 'one-effective-deletion' | 'attach-once' | 'primary-untouched' | 'one-job-at-a-time' | 'no-unbind';
  serverId: string;
  message: string;
}

/**
 * What must hold whatever faults were set. Pure: a test may feed it a ledger of its own making.
 *
 * - A NIC is taken off at most once by jobs; attaching it again starts a new count.
 * - A NIC is attached by jobs at most once without coming off in between. (One created by subnet is a port of its own each time:
 *   who asks twice without an address gets two, and no ledger can tell that from a wish for two.)
 * - No request to delete names the server's primary NIC, not even a refused one.
 * - No submission is accepted while another job of that server runs, whether it deletes or attaches.
 * - No request to bind an elastic IP comes without a port, which would unbind it (docs/cloud-api.md §4.3).
 */
export function invariants(ledger: LedgerView): Violation[] {
  return [
    ...repeatedDeletions(ledger),
    ...repeatedAttachments(ledger),
    ...primaryTouched(ledger),
    ...overlappingJobs(ledger),
    ...unbinding(ledger),
  ];
}

/** How often each NIC was effectively taken off by a job. */
export function deletionsPerNic(ledger: LedgerView): Map<string, number> {
  const counts = new Map<string, number>();
  for (const effect of ledger.effects) {
    if (effect.kind === 'nic-detached' && effect.by === 'job') {
      counts.set(effect.portId, (counts.get(effect.portId) ?? 0) + 1);
    }
  }
  return counts;
}

function repeatedDeletions(ledger: LedgerView): Violation[] {
  const violations: Violation[] = [];
  const gone = new Set<string>();
  for (const effect of ledger.effects) {
    if (effect.kind === 'nic-attached') gone.delete(effect.portId);
    if (effect.kind !== 'nic-detached' || effect.by !== 'job') continue;
    if (gone.has(effect.portId)) {
      violations.push({
        rule: 'one-effective-deletion',
        serverId: effect.serverId ?? '',
        message: `NIC ${effect.portId} was deleted again by job ${effect.jobId ?? 'unknown'}`,
      });
    }
    gone.add(effect.portId);
  }
  return violations;
}

function repeatedAttachments(ledger: LedgerView): Violation[] {
  const violations: Violation[] = [];
  const attached = new Set<string>();
  for (const effect of ledger.effects) {
    if (effect.kind === 'nic-detached') attached.delete(effect.portId);
    if (effect.kind !== 'nic-attached') continue;
    if (effect.by === 'job' && attached.has(effect.portId)) {
      violations.push({
        rule: 'attach-once',
        serverId: effect.serverId ?? '',
        message: `NIC ${effect.portId} was attached again by job ${effect.jobId ?? 'unknown'}`,
      });
    }
    attached.add(effect.portId);
  }
  return violations;
}

function unbinding(ledger: LedgerView): Violation[] {
  return ledger.requests
    .filter((entry) => entry.requestClass === 'elastic-ip-bind' && entry.portId === undefined)
    .map((entry) => ({
      rule: 'no-unbind',
      serverId: entry.serverId ?? '',
      message: `request ${entry.seq} named no port to bind elastic IP ${entry.elasticIpId ?? ''} to`,
    }));
}

function primaryTouched(ledger: LedgerView): Violation[] {
  return ledger.requests
    .filter((entry) => entry.primaryId !== undefined && entry.nicIds?.includes(entry.primaryId))
    .map((entry) => ({
      rule: 'primary-untouched',
      serverId: entry.serverId ?? '',
      message: `request ${entry.seq} named the primary NIC ${entry.primaryId ?? ''}`,
    }));
}

function overlappingJobs(ledger: LedgerView): Violation[] {
  const violations: Violation[] = [];
  const runsUntil = new Map<string, { jobId: string; endsAt: number }>();
  for (const job of ledger.jobs) {
    const running = runsUntil.get(job.serverId);
    if (running && job.acceptedAt < running.endsAt) {
      violations.push({
        rule: 'one-job-at-a-time',
        serverId: job.serverId,
        message: `job ${job.jobId} was accepted while ${running.jobId} ran`,
      });
    }
    const endsAt = job.endsAt ?? Infinity;
    if (!running || endsAt > running.endsAt) runsUntil.set(job.serverId, { jobId: job.jobId, endsAt });
  }
  return violations;
}
