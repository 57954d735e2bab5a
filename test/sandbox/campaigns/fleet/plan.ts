/** Makes a schedule of a decommission run out of a seed: plain data, printed when it fails, and played again by its seed alone. */
import type { TroublePlan } from '../../engine/fleet/trouble';
import type { Script } from '../../engine/fleet/stand-in';
import type { Random } from '../../../../dev/draw';
import { chooser } from '../../../../dev/draw';

export type Fate = Script['fate'];

export interface ServerPlan {
  /** Beside the primary one; 0: there is nothing to do. */
  nics: number;
  /** So many of them are named; `all`: every one. */
  wanted: number | 'all';
  /** How each of its runs ends; the last one counts for all further ones. */
  fates: Fate[];
  /** A restore brings all of its NICs back. */
  back: boolean;
  backMs: number;
  lookMs: number;
  jobMs: number;
  protectedBy: 'tag' | 'list' | 'unreadable' | null;
  /** So long after the approval somebody gives its first NIC another MAC, or protects it. */
  meanwhile: { ms: number; what: 'drifts' | 'is protected' } | null;
  /** Somebody's own run is open on it, from so long after the approval on. */
  busy: { ms: number; forMs: number } | null;
}

export type MessageName =
  'approve' | 'pause' | 'resume' | 'setLimits' | 'skip' | 'retryFailed' | 'abort' | 'undo' | 'commit';

export interface MessagePlan {
  name: MessageName;
  /** So long after somebody has seen the run in that phase; `null`: after the start. */
  after: string | null;
  ms: number;
  /** Of an approval: what is wrong with it. Of limits: what they are. Of a skip or an undo: positions of servers. */
  wrong?: 'digest' | 'servers' | 'nics';
  limits?: { concurrency?: number; maxErrors?: number };
  servers?: number[];
}

export interface OutsidePlan {
  what: 'terminate' | 'cancel';
  whom: 'run' | 'page' | 'server';
  /** Of the pages, or of the servers that are under way then. */
  number: number;
  after: string | null;
  ms: number;
}

/** What a person does about a run that has stopped. */
export type Remedy = 'retryFailed' | 'skip' | 'setLimits' | 'abort';

export interface FleetPlan {
  seed: number;
  servers: ServerPlan[];
  /** Sizes of the pages. */
  pages: number[];
  settings: Record<string, unknown> & { concurrency: number; maxErrors: number | string; strict: boolean };
  /** The real `deleteServerNics` runs for each server. */
  real: boolean;
  /** Pages are loaded in another order, one of them twice, one of them with other servers the second time. */
  load: { shuffled: boolean; twice: boolean; other: boolean; gapMs: number; wrongCount: boolean };
  /** The person who approves: after so long, if at all. */
  approveMs: number | null;
  /** How often somebody looks at the status, and how soon at most somebody does something about a pause or a stop. */
  watchMs: number;
  /** A pause lasts so long at least. */
  pausedMs: number;
  remedies: Remedy[];
  messages: MessagePlan[];
  outside: OutsidePlan[];
  /** The cloud refuses the worker's credentials, so long after the approval. */
  refused: { ms: number; forMs: number } | null;
  continueAfter: number | null;
  trouble: TroublePlan;
}

export function planOf(seed: number): FleetPlan {
  const random = chooser(seed + 0xf1ee7);
  const { pick, chance, below } = random;
  // Drawn apart: it must not shift all else.
  const apart = chooser(seed + 0x1a7e);
  const pages = Array.from({ length: pick([1, 2, 2, 2, 3, 4]) }, () => pick([1, 2, 2, 3, 4]));
  if (pages.length === 1 && pages[0] === 1) pages[0] = 3;
  while (sum(pages) > 12) pages.pop();
  const count = sum(pages);
  // Trouble of every kind at once says little: each schedule has some kinds of it.
  const calm = chance(0.2);
  const rough = !calm && chance(0.5);
  const real = chance(0.05);
  const failing = calm ? 0 : pick([0, 0.1, 0.3, 0.6]);
  const odd = calm ? 0 : pick([0, 0.1, 0.25]);
  return {
    seed,
    servers: Array.from({ length: count }, () => serverOf(random, apart, failing, odd)),
    pages,
    settings: settingsOf(random, count),
    real,
    load: {
      shuffled: chance(0.2),
      twice: chance(0.15),
      other: chance(0.05),
      gapMs: pick([0, 10, 500]),
      wrongCount: chance(0.1),
    },
    approveMs: chance(0.96) ? pick([100, 3_000, 20_000]) : null,
    watchMs: pick([5_000, 8_000, 15_000]),
    pausedMs: pick([0, 0, 20_000, 60_000]),
    remedies: Array.from({ length: 3 }, () => pick(['retryFailed', 'skip', 'setLimits', 'abort'] as const)),
    messages: [...(calm ? [] : messagesOf(random, count)), ...undosOf(apart, count)],
    outside: rough && chance(0.5) ? outsideOf(random, pages.length, count) : [],
    refused: !calm && chance(0.08) ? { ms: below(60_000), forMs: pick([5_000, 40_000, 150_000]) } : null,
    continueAfter: chance(0.3) ? pick([4, 7, 10, 15, 25]) : null,
    trouble: {
      slow: rough ? pick([0, 0.02, 0.1, 0.3]) : 0,
      late: apart.chance(0.25) ? apart.pick([0.05, 0.2]) : 0,
      lostTasks: rough && chance(0.5) ? 0.02 : 0,
      forgotten: rough ? 0.02 : 0,
      crashes: rough && chance(0.4) ? 0.04 : 0,
      away: rough && chance(0.2) ? { at: below(120_000), ms: pick([3_000, 60_000, 600_000]) } : null,
    },
  };
}

function serverOf({ pick, chance, below }: Random, apart: Random, failing: number, odd: number): ServerPlan {
  const nics = chance(odd / 4) ? 0 : pick([1, 1, 2, 3]);
  const fate = (): Fate =>
    chance(failing) ? pick(['fails', 'fails', 'partly', 'unknown'] as const) : 'fine';
  return {
    nics,
    wanted: nics === 0 || chance(0.4) ? 'all' : 1 + below(nics),
    fates: [fate(), fate(), 'fine'],
    back: apart.chance(0.8),
    backMs: apart.pick([2_000, 12_000, 30_000]),
    lookMs: pick([200, 900, 3_000]),
    jobMs: pick([1_000, 6_000, 12_000, 12_000, 40_000]),
    protectedBy: chance(odd / 2) ? pick(['tag', 'list', 'unreadable'] as const) : null,
    meanwhile: chance(odd / 2)
      ? { ms: pick([0, 0, 5_000, 20_000]), what: pick(['drifts', 'drifts', 'is protected'] as const) }
      : null,
    busy: chance(odd / 2) ? { ms: pick([0, 0, 10_000]), forMs: pick([8_000, 60_000]) } : null,
  };
}

function settingsOf({ pick, chance }: Random, servers: number): FleetPlan['settings'] {
  return {
    waves: pick(['1,3,100%', '100%', '2,50%,100%', '1,2,4,8,100%', '25%,50%,75%,100%']),
    pauseAfter: pick(['never', 'never', 'first', 'every']),
    maxErrors: pick([0, 0, 1, 2, 4, '20%', '50%']),
    strict: chance(0.35),
    concurrency: pick([1, 2, 2, 3, 5, 50]),
    undoWindow: chance(0.6) ? '0s' : pick(['40s', '4 minutes']),
    maxServers: chance(0.05) ? Math.max(1, servers - 1) : 12,
    deadline: '10 minutes',
    timing: { firstPoll: '10s', pollInterval: '10s', settle: '5s', verifyFor: '20s', busyWait: '20s' },
    requestedBy: 'ops',
    reason: 'end of life',
    ...(chance(0.1) ? { planExpires: '1 minute' } : {}),
  };
}

function messagesOf(random: Random, servers: number): MessagePlan[] {
  const { pick, chance, below } = random;
  const messages: MessagePlan[] = [];
  const add = (share: number, name: MessageName, more: Partial<MessagePlan> = {}) => {
    if (chance(share))
      messages.push({
        ...{ name, after: pick(['running', 'running', 'running', 'stopped', 'paused', null]) },
        ...{ ms: below(pick([2_000, 20_000, 60_000])), ...more },
      });
  };
  add(0.25, 'approve', { after: 'planned', ms: 50, wrong: pick(['digest', 'servers', 'nics']) });
  add(0.05, 'approve', { after: 'planning', ms: 50 });
  add(0.25, 'pause');
  add(0.1, 'pause', { after: 'planning', ms: below(200) });
  add(0.2, 'resume');
  add(0.1, 'resume', { after: 'stopped', ms: below(3_000) });
  add(0.2, 'setLimits', { limits: { concurrency: pick([1, 2, 4, 8]) } });
  add(0.1, 'setLimits', { limits: { maxErrors: pick([0, 1, 3]) } });
  add(0.2, 'skip', { servers: [below(servers), below(servers)] });
  add(0.1, 'skip', { servers: [below(servers)], after: pick([null, 'planning', 'planned']) });
  add(0.25, 'retryFailed');
  add(0.08, 'retryFailed', { after: 'undo-window' });
  add(0.08, 'abort');
  add(0.04, 'abort', { after: pick(['loading', 'planning', 'planned', 'undo-window']) });
  add(0.1, 'commit', { after: pick(['undo-window', 'running']) });
  return messages;
}

/** Four in ten runs are undone, wholly or in part. */
function undosOf({ pick, chance, below }: Random, servers: number): MessagePlan[] {
  const undo = (share: number, after: string | null, more: Partial<MessagePlan>): MessagePlan[] =>
    chance(share) ? [{ name: 'undo', after, ms: below(pick([2_000, 20_000, 60_000])), ...more }] : [];
  const some = () => ({ servers: Array.from({ length: 1 + below(3) }, () => below(servers)) });
  return [
    ...undo(0.1, pick(['running', 'running', 'stopped', 'paused', 'planned']), {}),
    ...undo(0.1, 'undo-window', {}),
    ...undo(0.2, pick(['running', 'running', 'stopped', 'paused']), some()),
    ...undo(0.1, 'undo-window', some()),
    ...undo(0.05, 'undoing', some()),
  ];
}

function outsideOf({ pick, below, chance }: Random, pages: number, servers: number): OutsidePlan[] {
  return Array.from({ length: pick([1, 1, 2]) }, (): OutsidePlan => {
    const whom = pick(['page', 'page', 'server', 'server', 'run'] as const);
    return {
      what: pick(['terminate', 'terminate', 'cancel']),
      whom,
      number: below(whom === 'page' ? pages : servers),
      after:
        whom === 'server'
          ? 'running'
          : pick([
              'running',
              'running',
              'running',
              'planning',
              'planned',
              'stopped',
              'undo-window',
              'loading',
            ]),
      ms: chance(0.3) ? 0 : below(whom === 'server' ? 10_000 : 30_000),
    };
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** A line for each server, and one for everything else that is out of the ordinary. */
export function readable({ servers, ...rest }: FleetPlan): string {
  const isPlain = (value: unknown) =>
    value === null || value === false || (typeof value === 'object' && Object.keys(value).length === 0);
  return [
    ...servers.map((server, index) => `server ${index}: ${JSON.stringify(server)}`),
    ...Object.entries(rest).flatMap(([name, value]) =>
      isPlain(value) ? [] : [`${name}: ${JSON.stringify(value)}`],
    ),
  ].join('\n  ');
}
