/** The judge of `npm run chaos` catches every kind of lie, and calls nothing a lie that is documented. */
import { describe, expect, it } from 'vitest';
import type { NicOutcome, ReportServer } from '../../../src/contract';
import type { Facts, FleetFacts, NaiveFacts, RunFacts, ServerFacts } from '../../../chaos/judge/facts';
import { judge } from '../../../chaos/judge/judge';
import {
  at,
  DELETED,
  FLEET_DELETED,
  FLEET_LEFT,
  honest,
  NAIVE,
  nicsOf,
  request,
  rowOf,
  SETTLE_MS,
  STAYS,
  UNDONE,
} from './honest';

/** What is changed in a campaign that was told as it was. */
type Change = (facts: Facts) => void;

const run = (facts: Facts, serverId: string): RunFacts =>
  facts.runs.find((each) => each.serverId === serverId)!;
const rows = (facts: Facts, serverId: string) => run(facts, serverId).document!.nics;
const server = (facts: Facts, serverId: string): ServerFacts =>
  facts.servers.find((each) => each.serverId === serverId)!;
const fleet = (facts: Facts): FleetFacts => facts.fleets[0]!;
const line = (facts: Facts, n = 0): ReportServer => fleet(facts).report![n]!;
const naive = (facts: Facts): NaiveFacts => facts.naive[0]!;

const tells =
  (serverId: string, outcome: NicOutcome, more: Change = () => undefined): Change =>
  (facts) => {
    rows(facts, serverId)[0]!.outcome = outcome;
    more(facts);
  };

/** The effects of that kind on the first NIC of the server never happened. */
const without =
  (serverId: string, ...kinds: string[]): Change =>
  ({ ledger }) => {
    const [first] = nicsOf(serverId);
    ledger.effects = ledger.effects.filter(({ portId, kind }) => portId !== first || !kinds.includes(kind));
  };

const sends =
  (serverId: string, ms: number, more: Partial<Facts['ledger']['requests'][number]> = {}): Change =>
  (facts) => {
    facts.ledger.requests.push(
      request(facts, 'delete', serverId, ms, { nicIds: nicsOf(serverId), status: 501, ...more }),
    );
    facts.ledger.requests.sort((a, b) => a.seq - b.seq);
  };

const looks =
  (serverId: string, ...times: number[]): Change =>
  (facts) => {
    for (const ms of times) facts.ledger.requests.push(request(facts, 'list', serverId, ms));
  };

/** The first POST of the server got no usable answer, and nothing came of it but what the ledger tells. */
const losesTheAnswer =
  (serverId: string): Change =>
  ({ ledger }) => {
    const post = ledger.requests.find((each) => each.class === 'delete' && each.serverId === serverId)!;
    Object.assign(post, { status: 502, accepted: false, jobId: undefined });
    ledger.requests = ledger.requests.filter((each) => each.serverId !== serverId || each.class !== 'list');
  };

const all =
  (...changes: Change[]): Change =>
  (facts) =>
    changes.forEach((change) => change(facts));

const others =
  (
    kind: 'nic-detached' | 'nic-attached' | 'port-deleted',
    serverId: string,
    ms: number,
    portId = nicsOf(serverId)[0],
  ): Change =>
  ({ ledger }) => {
    ledger.effects.push({ at: at(ms), kind, portId, serverId, by: 'control' });
    ledger.effects.sort((a, b) => a.at - b.at);
  };

/** Off the server, by two lists, and nobody knows what its port is. */
const staysUnread: Change = (facts) => {
  for (const row of rows(facts, DELETED)) {
    row.outcome = 'unknown';
    row.evidence.port = 'unknown';
  }
  run(facts, DELETED).document!.outcome = 'outcome-unknown';
  run(facts, DELETED).end = 'failed';
};

const LIES: [what: string, rule: string, plant: Change][] = [
  ['deleted, and the port is there', 'truth', without(DELETED, 'port-deleted')],
  ['deleted, and it is on the server', 'truth', without(DELETED, 'port-deleted', 'nic-detached')],
  ['detached, and the port is gone', 'truth', tells(DELETED, 'detached')],
  ['detached, and it is on the server', 'truth', tells(STAYS, 'detached')],
  ['still-attached, and it is off', 'truth', tells(DELETED, 'still-attached')],
  ['already-absent, and it is on the server', 'truth', tells(STAYS, 'already-absent')],
  ['already-absent, and this run has sent its job', 'truth', tells(DELETED, 'already-absent')],
  [
    'untouched, and it is gone',
    'truth',
    tells(DELETED, 'untouched', (facts) => (rows(facts, DELETED)[0]!.evidence.list = 'present')),
  ],
  ['untouched, and a job was there for it', 'truth', tells(STAYS, 'untouched')],
  ['restored, and it never came back', 'truth', without(UNDONE, 'nic-attached')],
  [
    'recreated, and what is to be in its place is not there',
    'truth',
    (facts) =>
      (rows(facts, DELETED)[0] = {
        ...rowOf(nicsOf(DELETED)[0], 'recreated'),
        replacedBy: { id: 'new', mac: null, ip: null },
      }),
  ],
  [
    'unknown without a reason',
    'unknown',
    all(tells(STAYS, 'unknown'), (facts) => (run(facts, STAYS).document!.outcome = 'outcome-unknown')),
  ],
  [
    'unknown, and its port could have been read',
    'unknown',
    all(
      staysUnread,
      (facts) => void facts.troubles.push({ what: 'worker-cloud cut', from: at(30_000), until: at(31_000) }),
    ),
  ],
  ['no row of a NIC', 'document', (facts) => void rows(facts, DELETED).pop()],
  ['two rows of a NIC', 'document', (facts) => void rows(facts, DELETED).push(rows(facts, DELETED)[0]!)],
  [
    'a row of a NIC that nobody has asked for',
    'document',
    (facts) => (rows(facts, DELETED)[0]!.id = `${DELETED}-p`),
  ],
  [
    'completed as deleted, and a NIC stays',
    'document',
    all(tells(STAYS, 'still-attached'), (facts) => Object.assign(run(facts, STAYS), { end: 'completed' })),
  ],
  [
    'completed, and the document says failed',
    'document',
    (facts) => (run(facts, DELETED).document!.outcome = 'not-deleted'),
  ],
  [
    'completed as detached, and a NIC is deleted',
    'document',
    (facts) => (run(facts, DELETED).document!.outcome = 'detached'),
  ],
  ['failed as deleted', 'document', (facts) => (run(facts, DELETED).end = 'failed')],
  ['four submissions', 'document', (facts) => (run(facts, DELETED).document!.submissions = 4)],
  ['completed without a document', 'no-document', (facts) => (run(facts, DELETED).document = null)],
  ['undone, and a NIC is off', 'undone', all(without(UNDONE, 'nic-attached'), tells(UNDONE, 'detached'))],
  [
    'told, and overtaken by its own job',
    'late-effect',
    ({ ledger }) =>
      void ledger.effects.push({
        at: at(30_000),
        kind: 'nic-detached',
        portId: nicsOf(STAYS)[0],
        serverId: STAYS,
        jobId: `job-${STAYS}`,
        by: 'job',
      }),
  ],
  ['sent again, and nobody has looked', 'sent-twice', all(losesTheAnswer(DELETED), sends(DELETED, 2_000))],
  [
    'sent again after one look',
    'sent-twice',
    all(losesTheAnswer(DELETED), looks(DELETED, 4_500), sends(DELETED, 9_000)),
  ],
  [
    'sent again after two looks at one moment',
    'sent-twice',
    all(losesTheAnswer(DELETED), looks(DELETED, 4_500, 4_600), sends(DELETED, 9_000)),
  ],
  [
    'sent again, and looked too early',
    'sent-twice',
    all(losesTheAnswer(DELETED), looks(DELETED, 1_100, 3_900), sends(DELETED, 4_000)),
  ],
  ['sent again while the job runs', 'sent-twice', sends(DELETED, 2_000)],
  ['a POST that names the primary NIC', 'asked-for', sends(DELETED, 9_000, { nicIds: [`${DELETED}-p`] })],
  [
    'a POST that names the primary NIC, for all',
    'asked-for',
    all(
      (facts) =>
        Object.assign(run(facts, DELETED), { input: { nics: 'all' }, document: null, end: 'terminated' }),
      sends(DELETED, 9_000, { nicIds: [`${DELETED}-p`] }),
    ),
  ],
  ['a POST when no run is open', 'asked-for', sends(FLEET_LEFT, 5_000)],
  ['a POST long after the end of its run', 'asked-for', sends(DELETED, 25_000)],
  [
    'a NIC taken off that nobody has asked for',
    'asked-for',
    ({ ledger }) =>
      void ledger.effects.push({
        at: at(3_000),
        kind: 'nic-detached',
        portId: `${DELETED}-p`,
        serverId: DELETED,
        jobId: `job-${DELETED}`,
        by: 'job',
      }),
  ],
  [
    'a port deleted that is in use',
    'port-in-use',
    (facts) =>
      void facts.ledger.requests.push(
        request(facts, 'port-delete', UNDONE, 15_000, { portId: nicsOf(UNDONE)[0], status: 409 }),
      ),
  ],
  [
    'restored with another MAC, untold',
    'as-it-was',
    (facts) => (server(facts, UNDONE).after[1]!.mac = 'fa:16:3e:ff:ff:ff'),
  ],
  [
    'restored without its security groups, untold',
    'as-it-was',
    (facts) => (server(facts, UNDONE).after[1]!.securityGroups = []),
  ],
  [
    'a flag that was not set back, untold',
    'as-it-was',
    (facts) => (server(facts, STAYS).after[1]!.deleteOnTermination = false),
  ],
  ['a server has no line', 'lines', (facts) => void fleet(facts).report!.pop()],
  ['a server has two lines', 'lines', (facts) => void fleet(facts).report!.push(line(facts))],
  ['lines in another order', 'lines', (facts) => void fleet(facts).report!.reverse()],
  [
    'a forgotten page of a run that nobody has reset',
    'lines',
    (facts) => {
      fleet(facts).report = [];
      fleet(facts).pages[0]!.isKnown = false;
      fleet(facts).counts = {};
    },
  ],
  ['a line that says running at the end', 'line', (facts) => (line(facts).outcome = 'running')],
  [
    'a line that says untouched, and there was a job',
    'line',
    (facts) => {
      line(facts).outcome = 'untouched';
      fleet(facts).counts = {};
    },
  ],
  [
    'a line that says deleted, and a NIC of it stays',
    'line',
    (facts) => (line(facts).nics[0]!.outcome = 'still-attached'),
  ],
  [
    'a line that says deleted, and no NIC is',
    'line',
    (facts) => line(facts).nics.forEach((nic) => (nic.outcome = 'detached')),
  ],
  [
    'a line that says failed, and all NICs are off',
    'line',
    (facts) => {
      line(facts).outcome = 'failed';
      fleet(facts).counts = { failed: 1 };
    },
  ],
  ['a line without one of its NICs', 'line', (facts) => void line(facts).nics.pop()],
  [
    'a line of a NIC that is not in the list',
    'line',
    (facts) => (line(facts).nics[0]!.id = `${FLEET_DELETED}-p`),
  ],
  [
    'a line that says unknown without a reason',
    'unknown',
    (facts) => {
      line(facts, 1).outcome = 'unknown';
      fleet(facts).counts = { deleted: 1, unknown: 1 };
    },
  ],
  ['a report that says deleted, and the port is there', 'report', without(FLEET_DELETED, 'port-deleted')],
  [
    'a report that says untouched, and it is gone',
    'report',
    all(
      ({ ledger }) =>
        void ledger.effects.push({
          at: at(3_000),
          kind: 'nic-detached',
          portId: nicsOf(FLEET_LEFT)[0],
          serverId: FLEET_LEFT,
          jobId: `job-${FLEET_LEFT}`,
          by: 'job',
        }),
      ({ ledger }) =>
        void ledger.jobs.push({
          jobId: `job-${FLEET_LEFT}`,
          what: 'delete',
          serverId: FLEET_LEFT,
          nicIds: nicsOf(FLEET_LEFT),
          acceptedAt: at(1_000),
          endsAt: at(3_000),
        }),
      (facts) => (fleet(facts).pages[0]!.startedAt = at(0)),
    ),
  ],
  [
    'what the run has taken off is told as untouched',
    'report',
    (facts) => (line(facts).nics[0]!.outcome = 'untouched'),
  ],
  ['totals that are not those of the lines', 'totals', (facts) => (fleet(facts).counts = { deleted: 2 })],
  ['a server’s run before the approval', 'approved', (facts) => (fleet(facts).approvedAt = at(500))],
  ['a server’s run without an approval', 'approved', (facts) => (fleet(facts).approvedAt = null)],
  ['a decommission run that fails', 'fleet-end', (facts) => (fleet(facts).end = 'failed')],
  ['a report that can’t be had', 'fleet-end', (facts) => (fleet(facts).report = null)],
  ['naive: deleted, and the port is there', 'truth', without(NAIVE, 'port-deleted')],
  ['naive: failed, and all are deleted', 'truth', (facts) => (naive(facts).end = 'failed')],
  ['naive: sent again, and nobody has looked', 'sent-twice', all(losesTheAnswer(NAIVE), sends(NAIVE, 2_000))],
  [
    'a rule of the cloud is broken',
    'primary-untouched',
    ({ invariants }) => void invariants.push({ rule: 'primary-untouched', serverId: DELETED, message: '' }),
  ],
  ['a run without an end', 'has-an-end', ({ leftOpen }) => void leftOpen.push(`nics/${DELETED}`)],
];

const DOCUMENTED: [what: string, change: Change][] = [
  ['nothing but the truth', () => undefined],
  [
    'somebody else takes a NIC off just before the run tells that it stays',
    others('nic-detached', STAYS, 19_000),
  ],
  ['somebody else takes a NIC off later', others('nic-detached', STAYS, 25_000)],
  [
    'ports that are detached, one of them in use elsewhere',
    all(
      (facts) => rows(facts, UNDONE).forEach((row) => (row.outcome = 'detached')),
      (facts) => (run(facts, UNDONE).document!.outcome = 'detached'),
      ({ ledger }) => void (ledger.effects = ledger.effects.filter(({ kind }) => kind !== 'nic-attached')),
      others('nic-attached', 'another', 15_000, nicsOf(UNDONE)[0]),
      (facts) => void server(facts, UNDONE).after.splice(1),
    ),
  ],
  [
    'a run that was terminated tells nothing',
    (facts) => Object.assign(run(facts, DELETED), { end: 'terminated', document: null }),
  ],
  [
    'unknown after a reset',
    all(
      tells(STAYS, 'unknown'),
      (facts) => Object.assign(run(facts, STAYS), { wasReset: true }),
      (facts) => (run(facts, STAYS).document!.outcome = 'outcome-unknown'),
    ),
  ],
  [
    'unknown at the deadline',
    all(tells(STAYS, 'unknown'), (facts) =>
      Object.assign(run(facts, STAYS).document!, {
        outcome: 'outcome-unknown',
        deadlineAt: new Date(at(19_000)).toISOString(),
      }),
    ),
  ],
  [
    'unknown at the deadline that was asked for; what is put back has another one',
    all(tells(STAYS, 'unknown'), (facts) => {
      Object.assign(run(facts, STAYS), { input: { deadline: '10 seconds' } });
      Object.assign(run(facts, STAYS).document!, {
        outcome: 'outcome-unknown',
        deadlineAt: new Date(at(1_900_000)).toISOString(),
      });
    }),
  ],
  [
    'unknown, since a port could not be read',
    all(
      staysUnread,
      (facts) => void facts.ledger.requests.push(request(facts, 'ports', DELETED, 6_100, { status: 503 })),
    ),
  ],
  [
    'unknown, since the way to the cloud was cut',
    all(
      staysUnread,
      (facts) => void facts.troubles.push({ what: 'worker-cloud cut', from: at(6_000), until: at(9_000) }),
    ),
  ],
  [
    'sent again after two looks that are settled',
    all(losesTheAnswer(DELETED), looks(DELETED, 4_500, 7_600), sends(DELETED, 9_000)),
  ],
  [
    'sent again by another run when the job had ended, and somebody had looked',
    all(
      sends(STAYS, 22_000),
      (facts) =>
        void facts.runs.push({
          ...run(facts, STAYS),
          runIds: ['again'],
          startedAt: at(21_000),
          closedAt: at(40_000),
        }),
      (facts) =>
        void facts.runs.splice(facts.runs.length - 1, 1, {
          ...facts.runs.at(-1)!,
          document: { ...run(facts, STAYS).document!, endedAt: new Date(at(39_000)).toISOString() },
        }),
    ),
  ],
  [
    'a POST that arrives when its run was just terminated',
    all((facts) =>
      Object.assign(run(facts, STAYS), { end: 'terminated', document: null, closedAt: at(900) }),
    ),
  ],
  [
    'a flag that a terminated run has left',
    all(
      (facts) => Object.assign(run(facts, STAYS), { end: 'terminated', document: null }),
      (facts) => (server(facts, STAYS).after[1]!.deleteOnTermination = false),
    ),
  ],
  [
    'a flag that stays, and the run says so',
    all(
      (facts) => (rows(facts, STAYS)[0]!.message = 'its flag delete_on_termination is still false'),
      (facts) => (server(facts, STAYS).after[1]!.deleteOnTermination = false),
    ),
  ],
  [
    'a difference that is told',
    all(
      (facts) => (server(facts, UNDONE).after[1]!.name = 'other'),
      (facts) => void rows(facts, UNDONE)[0]!.differences.push({ field: 'name', before: '', after: 'other' }),
    ),
  ],
  [
    'a line that says unknown, since the server’s run was terminated',
    all(
      (facts) => {
        line(facts).outcome = 'unknown';
        line(facts).nics.forEach((nic) => (nic.outcome = 'unknown'));
        fleet(facts).counts = { unknown: 1 };
        fleet(facts).outcome = 'incomplete';
      },
      (facts) => Object.assign(run(facts, FLEET_DELETED), { end: 'terminated', document: null }),
    ),
  ],
  [
    'a page that a run has forgotten which was reset',
    (facts) => {
      fleet(facts).report = [];
      fleet(facts).pages[0]!.isKnown = false;
      fleet(facts).wasReset = true;
    },
  ],
  [
    'naive: failed, and a NIC stays',
    all(without(NAIVE, 'port-deleted', 'nic-detached'), (facts) => (naive(facts).end = 'failed')),
  ],
];

const rulesBroken = (change: Change): string[] => {
  const facts = honest();
  change(facts);
  return judge(facts, SETTLE_MS).map(({ rule }) => rule);
};

describe('the judge of chaos', () => {
  it.each(LIES)('catches: %s', (_what, rule, plant) => {
    expect(rulesBroken(plant)).toContain(rule);
  });

  it.each(DOCUMENTED)('has nothing against: %s', (_what, change) => {
    const facts = honest();
    change(facts);
    expect(judge(facts, SETTLE_MS)).toEqual([]);
  });
});
