/** The pure policies, held to docs/contract.md §4 and §6. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Inspection } from '../../src/activities/agreement';
import type { NicRow, ResultDocument } from '../../src/contract';
import { assess } from '../../src/workflows/policy/guards';
import { endOf, outcomeOfFailure } from '../../src/workflows/policy/outcome';
import { nextPollDelay, nextReadingDelay } from '../../src/workflows/policy/poll-schedule';
import type { ListWitness, Moment } from '../../src/workflows/policy/verdict';
import { verdictOf } from '../../src/workflows/policy/verdict';
import { currentDetails, escaped, label } from '../../src/workflows/run/details';
import { SERVER, id, nic, inspection, server, request } from '../support/inspection';

describe('guards', () => {
  it.each<[string, object, Partial<Inspection>, RegExp]>([
    ['the primary NIC', { nics: [{ id: id(0) }] }, {}, /primary NIC/],
    ['nobody names a primary', {}, { primary: { detail: [], ports: [], portsDeny: [] } }, /primary/],
    [
      'two primaries',
      {},
      { primary: { detail: [id(0), id(2)], ports: [], portsDeny: [] } },
      /2 primary NICs/,
    ],
    ['two ports claim it', {}, { primary: { detail: [], ports: [id(0), id(2)], portsDeny: [] } }, /2 ports/],
    [
      'detail and port disagree',
      {},
      { primary: { detail: [id(0)], ports: [id(2)], portsDeny: [] } },
      /claims/,
    ],
    [
      'the port denies it',
      {},
      { primary: { detail: [id(0)], ports: [], portsDeny: [id(0)] } },
      /says that it is not/,
    ],
    ['another IP', { nics: [{ id: id(1), ip: '10.9.9.9' }] }, {}, /10\.9\.9\.9/],
    ['another MAC', { nics: [{ id: id(1), mac: 'fa:16:3e:ff:ff:ff' }] }, {}, /fa:16:3e:ff:ff:ff/],
    ['an elastic IP', {}, { nics: [nic(0), nic(1, { elasticIp: '1.2.3.4' })] }, /1\.2\.3\.4/],
    ['a locked server', {}, server({ locked: true }), /locked/],
    ['a frozen server', {}, server({ frozen: true }), /frozen/],
    ['a state that lasts', {}, server({ status: 'ERROR' }), /ERROR/],
    ['no server', {}, { server: null }, /does not exist/],
    ['another project', { projectId: 'other' }, {}, /other/],
    [
      'a NIC attached elsewhere',
      { nics: [{ id: id(7) }] },
      { absent: [{ id: id(7), port: { state: 'attached', deviceId: 'elsewhere' } }] },
      /elsewhere/,
    ],
  ])('%s refuses the run', (_name, asked, seen, expected) => {
    expect(assess(request(asked), inspection(seen)).violations.join('; ')).toMatch(expected);
  });

  it('names every violation at once', () => {
    const judged = assess(
      request({ nics: [{ id: id(0) }, { id: id(1), ip: '10.9.9.9' }] }),
      inspection(server({ locked: true })),
    );
    expect(judged.violations).toHaveLength(3);
  });

  it('takes the ports’ word for the primary NIC when the server names none', () => {
    const judged = assess(
      request(),
      inspection({ primary: { detail: [], ports: [id(0)], portsDeny: [id(1)] } }),
    );
    expect([judged.violations, judged.primaryId]).toEqual([[], id(0)]);
  });

  it('"all" never includes the primary NIC', () => {
    const judged = assess(request({ nics: 'all' }), inspection());
    expect(judged.targets.map((target) => target.id)).toEqual([id(1), id(2)]);
  });

  it.each([
    ['a state in passing', server({ status: 'REBOOT' }), /REBOOT/],
    ['a task under way', server({ taskState: 'powering-off' }), /powering-off/],
    ['a list without the primary NIC', { nics: [nic(1)] }, /primary/],
  ])('%s is waited for', (_name, seen, expected) => {
    const judged = assess(request(), inspection(seen));
    expect(judged.violations).toEqual([]);
    expect(judged.passing).toMatch(expected);
  });

  it('a locked server does not hinder a run that has nothing to do', () => {
    const judged = assess(
      request({ nics: [{ id: id(7) }] }),
      inspection({ ...server({ locked: true }), absent: [{ id: id(7), port: { state: 'absent' } }] }),
    );
    expect([judged.violations, judged.passing]).toEqual([[], null]);
  });
});

describe('verdicts', () => {
  const lists: ListWitness[] = ['absent', 'present', 'unsettled'];
  const ports = ['absent', 'free', 'here', 'elsewhere', 'unknown'] as const;
  const moments: Moment[] = ['over', 'stable', 'cut-off'];
  const all = lists.flatMap((list) =>
    ports.flatMap((port) =>
      moments.flatMap((moment) =>
        ([null, 'own', 'asked'] as const).flatMap((keptBy) =>
          [true, false].map((last) => ({ list, port, moment, keptBy, last })),
        ),
      ),
    ),
  );
  const judge = ({ port, ...rest }: (typeof all)[number]) =>
    verdictOf({
      ...rest,
      serverId: SERVER,
      port:
        port === 'here' || port === 'elsewhere'
          ? { state: 'attached', deviceId: port === 'here' ? SERVER : 'other' }
          : port === 'unknown'
            ? null
            : { state: port },
    })?.outcome;

  it('`deleted` only when the list and the port agree that it is gone', () => {
    for (const witnesses of all) {
      const gone = witnesses.list === 'absent' && witnesses.port === 'absent';
      expect(judge(witnesses) === 'deleted', JSON.stringify(witnesses)).toBe(gone);
    }
  });

  it('`still-attached` only when it is listed, late enough, and no port contradicts', () => {
    for (const witnesses of all.filter((candidate) => judge(candidate) === 'still-attached')) {
      expect(witnesses.list, JSON.stringify(witnesses)).toBe('present');
      expect(['here', 'unknown'], JSON.stringify(witnesses)).toContain(witnesses.port);
      expect(witnesses.moment, JSON.stringify(witnesses)).toBe('stable');
    }
  });

  it('a NIC still listed when the deadline cuts a running job off is unknown', () => {
    for (const witnesses of all.filter(
      ({ list, moment, last }) => list === 'present' && moment === 'cut-off' && !last,
    )) {
      expect(judge(witnesses), JSON.stringify(witnesses)).toBe('unknown');
    }
  });

  it('a last look always ends in a verdict', () => {
    for (const witnesses of all.filter(({ last }) => last))
      expect(judge(witnesses), JSON.stringify(witnesses)).toBeDefined();
  });

  it('an unsettled list alone never is one', () => {
    for (const witnesses of all.filter(({ list, last }) => list === 'unsettled' && !last)) {
      expect(judge(witnesses), JSON.stringify(witnesses)).toBeUndefined();
    }
  });
});

describe('the end of a run', () => {
  const rows = (...outcomes: NicRow['outcome'][]) => outcomes.map((outcome) => ({ outcome }) as NicRow);
  it.each([
    [['deleted', 'detached', 'already-absent'], 'deleted'],
    [['detached', 'already-absent'], 'detached'],
    [['already-absent'], 'nothing-to-do'],
    [['deleted', 'still-attached'], 'not-deleted'],
    [['unknown', 'still-attached', 'deleted'], 'outcome-unknown'],
    [[], 'nothing-to-do'],
  ] as const)('%j is %s', (outcomes, expected) => {
    expect(endOf(rows(...outcomes)).outcome).toBe(expected);
  });
  it.each([
    ['InvalidInput', 'invalid-input'],
    ['Refused', 'refused'],
    ['CloudRefused', 'cloud-refused'],
    ['OutcomeUnknown', 'outcome-unknown'],
  ] as const)('%s reads %s', (type, expected) => expect(outcomeOfFailure(type)).toBe(expected));
});

describe('the poll schedule', () => {
  const pace = { firstPollMs: 10_000, pollIntervalMs: 10_000 };
  it('stays within 15 % of the two numbers for the first ten minutes', () => {
    fc.assert(
      fc.property(
        fc.nat(50),
        fc.nat(600_000),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (polls, elapsed, random) => {
          const delay = nextPollDelay(pace, polls, elapsed, random, 3_600_000);
          expect(delay).toBeGreaterThanOrEqual(8_500);
          expect(delay).toBeLessThanOrEqual(11_500);
        },
      ),
    );
  });
  it('20 hours cost some 160 polls', () => {
    let elapsed = 0;
    let polls = 0;
    for (; elapsed < 20 * 3_600_000; polls++) elapsed += nextPollDelay(pace, polls, elapsed, 0.5, 1e12);
    expect(polls).toBeGreaterThan(120);
    expect(polls).toBeLessThan(180);
  });
  it('the last look falls on the deadline', () => {
    expect(nextPollDelay(pace, 3, 60_000, 0.5, 4_000)).toBe(4_000);
  });
  it('a reading falls on the moment from which a NIC may be called still attached', () => {
    expect(nextReadingDelay(1, 500)).toBe(500);
    expect(nextReadingDelay(1, 60_000)).toBe(2_000);
    expect(nextReadingDelay(20, 0)).toBe(30_000);
  });
});

describe('what people read', () => {
  it('no text of strangers brings HTML, Markdown or control characters along', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 500, unit: 'binary' }), (text) => {
        expect(escaped(text)).not.toMatch(/[<>]|(?<!\\)[`*_]/);
        expect(label(text)).not.toMatch(/\p{Cc}/u);
        expect(label(text).length).toBeLessThanOrEqual(80);
      }),
    );
  });
  it('the operator’s page names phase, job, NICs and what can be done', () => {
    const document: ResultDocument = {
      outcome: 'running',
      phase: 'polling',
      serverId: SERVER,
      serverName: '<script>web</script>',
      projectId: 'p',
      region: 'r',
      nics: [],
      jobs: [
        {
          id: 'ff80',
          what: 'delete',
          status: 'RUNNING',
          submittedAt: '2026-01-01T00:00:00.000Z',
          endedAt: null,
          polls: 2,
        },
      ],
      submissions: 1,
      startedAt: '2026-01-01T00:00:00.000Z',
      endedAt: null,
      undoUntil: null,
      requestedBy: null,
      reason: null,
      decision: null,
      deadlineAt: '2026-01-01T00:20:00.000Z',
      nextLookAt: '2026-01-01T00:00:20.000Z',
      waitingFor: null,
      warnings: ['<b>late</b>'],
    };
    const page = currentDetails(document, {
      workflowId: `nics/${SERVER}`,
      runId: '01a210da-b7b7-7b1a-8c5e-0d5f0a1b2c3d',
      cancelRequested: true,
      job: 'delete',
      failure: null,
    });
    expect(page).not.toMatch(/(?<!\\)</);
    for (const part of ['RUNNING', 'ff80', 'pollNow', 'Cancel requested', '2026-01-01 00:00:20 UTC']) {
      expect(page).toContain(part);
    }
  });
});
