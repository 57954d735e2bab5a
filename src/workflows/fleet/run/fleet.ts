/**
 * A decommission run: its state, and its one way to wait. Every turn tells the pages what has changed for them, and then
 * waits for news, a message, or a time. The steps are functions over it.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  makeContinueAsNewFunc,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import { checkDecommissionInput } from '../../../contract/decommission/input';
import type { CheckedDecommission } from '../../../contract/decommission/input';
import { decommissionOf, pageWorkflowId } from '../../../contract/decommission/names';
import { isRecord } from '../../../contract/values';
import type { NamedServers, News, Order } from '../../policy/fleet/agreement';
import { SIGNAL_NAMED, SIGNAL_ORDER } from '../../policy/fleet/agreement';
import { digestOfSettings } from '../../policy/fleet/digest';
import { tell } from '../../run/tell';
import { Alarm } from '../alarm';
import { askForPages } from './lost-pages';
import { Narrator } from './narrator';
import { noteProgress } from './progress';
import { partsOf, together } from './list';
import { ordersOf } from './orders';
import { problemOf } from './control';
import { detailsOf } from './details';
import type { FleetState } from './state';
import { isOver, SHOWN_FAILURES } from './state';

/** A page that an order did not reach is asked for after this time, in ms. */
const SOON_MS = 5_000;
/** How often the pages are asked for, in ms: a page that ended without a word is noticed within two minutes. */
const CHECK_EVERY_MS = 60_000;
interface Handed {
  handed: FleetState;
}

export class Fleet {
  readonly state: FleetState;
  readonly problems: string[];
  /** Something has changed that the pages, or the step under way, may have to know. */
  private changed = true;
  private readonly alarm = new Alarm(() => this.touch());
  private readonly narrator: Narrator;
  /** Temporal is being asked for the pages. */
  private asking = false;

  constructor(start: unknown) {
    const handed = handedOn(start);
    const { problems, value } =
      handed === null ? checkDecommissionInput(start) : { problems: [], value: null };
    const id = decommissionOf(workflowInfo().workflowId);
    this.problems = [...problems, ...startProblems(id?.page === null)];
    this.state = handed ?? fresh(id?.run ?? '', value);
    this.narrator = new Narrator(this.state, handed === null);
    void CancellationScope.current().cancelRequested.catch(() => {
      // When all waves are over it is too late for an abort, in this way as in any other.
      tell('run.cancel-requested', { fleet: this.state.run });
      if (problemOf('abort', this.state, Date.now()) === null)
        this.state.aborted = { by: null, reason: 'the run was cancelled' };
      this.touch();
    });
  }

  /** The run has to look at its state again. */
  touch(): void {
    this.changed = true;
  }

  /** From outside anybody can send such a signal: what is no news is passed over. */
  hear(news: News): void {
    if (!isNews(news)) return;
    const page = this.state.pages[news.page];
    if (page === undefined) return;
    const known = page.news;
    if (known !== null && known.runId === news.runId && known.seq >= news.seq) return;
    // A page that was lost sight of and is there: the check was wrong, or somebody has reset it.
    page.lost = false;
    const isReset = known !== null && known.runId !== news.runId && news.orderSeq < page.order.seq;
    // Somebody has reset this run, or the page: what one of them has forgotten is told anew, under a number that is new to both.
    if (news.orderSeq > page.order.seq || isReset) {
      page.order = { ...page.order, seq: Math.max(page.order.seq, news.orderSeq) };
      page.undelivered = true;
    }
    // A page that has forgotten what people have named must not be waited for.
    if (isReset && news.namedSeq < this.state.named.seq)
      page.owed ??= { ...this.state.named, skip: [], undo: [] };
    if (news.plan !== null && page.planned === null) page.arrived = news.plan;
    // It is kept once: the news are handed on, too.
    page.news = { ...news, plan: null };
    if (news.state === 'done' && !page.order.finish) page.endedEarly = true;
    keepFirstFailures(this.state);
    noteProgress(this.state, Date.now());
    this.touch();
  }

  /**
   * One turn: tells the pages, shows the state, and waits until something has changed.
   * @param until epoch ms at which the step wants to look again
   * @param then what happens then, for the label of the timer
   */
  async turn(until = Infinity, then = ''): Promise<void> {
    await this.tell();
    this.show();
    // An answer on its way would be lost.
    if (workflowInfo().continueAsNewSuggested && !this.asking) await this.handOn();
    const { state } = this;
    const open = state.pages.some((page) => !isOver(page));
    const checkAt = open && state.loaded && !this.asking ? state.checkedAt + CHECK_EVERY_MS : Infinity;
    if (until <= checkAt) this.alarm.set(until, then);
    else this.alarm.set(checkAt, 'are the pages there?');
    await this.sheltered(() => condition(() => this.changed));
    this.changed = false;
    if (Date.now() >= checkAt) {
      state.checkedAt = Date.now();
      void this.ask();
    }
  }

  /** Beside all else: a worker that has died meanwhile must not hold up what people say. */
  private async ask(): Promise<void> {
    this.asking = true;
    await this.sheltered(() => askForPages(this.state));
    this.asking = false;
    this.touch();
  }

  /** A cancellation of the run is an abort: it cuts nothing short. */
  sheltered<T>(work: () => Promise<T>): Promise<T> {
    return CancellationScope.nonCancellable(work);
  }

  /** Every message has its answer. */
  handled(): Promise<void> {
    return this.sheltered(() => condition(allHandlersFinished));
  }

  show(): void {
    setCurrentDetails(detailsOf(this.state, Date.now()));
    this.narrator.goOn(this.state);
  }

  /** Sends every page the order that it does not have yet. */
  private async tell(): Promise<void> {
    const { state } = this;
    const orders = ordersOf(state);
    const sending: Promise<unknown>[] = state.pages.flatMap((page, index) => {
      const next = orders[index];
      if (next === undefined || isOver(page) || (isSame(page.order, next) && !page.undelivered)) return [];
      const confirmed = page.news !== null && page.news.orderSeq >= page.order.seq;
      page.unconfirmed = confirmed ? page.order.slots : Math.max(page.unconfirmed, page.order.slots);
      page.order = { ...next, seq: page.order.seq + 1 };
      page.undelivered = false;
      return [this.sendTo(index, SIGNAL_ORDER, page.order)];
    });
    // Each page gets its own ones; all of them are told the number, which they confirm.
    const { named } = state;
    if (state.pages.length > 0 && named.skip.length + named.undo.length > 0) {
      state.named = { ...named, skip: [], undo: [] };
      partsOf(state, named).forEach((part, index) => {
        const page = state.pages[index];
        if (page === undefined) return;
        if (!isOver(page)) sending.push(this.sendNamed(index, part));
        else if (page.lost) page.owed = together(page.owed, part);
      });
    }
    state.pages.forEach((page, index) => {
      if (page.owed === null || isOver(page)) return;
      sending.push(this.sendNamed(index, { ...page.owed, seq: named.seq }));
      page.owed = null;
    });
    await Promise.all(sending);
  }

  /** What does not arrive is owed. */
  private async sendNamed(page: number, part: NamedServers): Promise<void> {
    const record = this.state.pages[page];
    const isThere = await this.sendTo(page, SIGNAL_NAMED, part);
    if (!isThere && record !== undefined) record.owed = together(part, record.owed);
  }

  /**
   * A page that is not there any more gets nothing: the next check tells that it is lost.
   * @returns whether it has arrived
   */
  private async sendTo(page: number, signal: string, argument: unknown): Promise<boolean> {
    const handle = getExternalWorkflowHandle(pageWorkflowId(this.state.run, page));
    const sent = this.sheltered(() => handle.signal(signal, argument)).then(() => true);
    return sent.catch(() => {
      const record = this.state.pages[page];
      if (record !== undefined) record.undelivered = true;
      // Asked for soon, and the order is sent again then: not at once, since an answer may fail to come, too.
      this.state.checkedAt = Math.min(this.state.checkedAt, Date.now() - CHECK_EVERY_MS + SOON_MS);
      return false;
    });
  }

  /** Goes on under a new run id. Pages find the run by its workflow id, and send the whole of their news each time. */
  private async handOn(): Promise<void> {
    await this.handled();
    const { memo } = workflowInfo();
    await makeContinueAsNewFunc<(start: Handed) => Promise<unknown>>({ memo })({ handed: this.state });
  }
}

function isNews(value: unknown): value is News {
  if (!isRecord(value) || typeof value.page !== 'number' || typeof value.seq !== 'number') return false;
  const { orderSeq, namedSeq, atRest, inFlight, goingBack, toUndo, tried, failed, again, held, inspected } =
    value;
  const numbers = [
    orderSeq,
    namedSeq,
    atRest,
    inFlight,
    goingBack,
    toUndo,
    tried,
    failed,
    again,
    held,
    inspected,
  ];
  return (
    numbers.every((each) => typeof each === 'number') &&
    isRecord(value.counts) &&
    isRecord(value.refusals) &&
    Array.isArray(value.failures)
  );
}

/** The state is handed on, and `status` names no more than the first ones of all pages. */
function keepFirstFailures({ pages }: FleetState): void {
  let room = SHOWN_FAILURES;
  for (const { news } of pages) {
    if (news === null) continue;
    if (news.failures.length > room) news.failures = news.failures.slice(0, room);
    room -= news.failures.length;
  }
}

function isSame(one: Order, other: Order): boolean {
  return JSON.stringify({ ...one, seq: 0 }) === JSON.stringify({ ...other, seq: 0 });
}

/** Only the run before this one may hand a state on. */
function handedOn(start: unknown): FleetState | null {
  const { continuedFromExecutionRunId } = workflowInfo();
  const isHanded =
    continuedFromExecutionRunId !== undefined &&
    typeof start === 'object' &&
    start !== null &&
    'handed' in start;
  return isHanded ? (start as Handed).handed : null;
}

function startProblems(isRun: boolean): string[] {
  const { workflowId, cronSchedule, executionTimeoutMs, runTimeoutMs } = workflowInfo();
  const problems: string[] = [];
  if (!isRun) problems.push(`the workflow id must be decommission/<run>, not ${workflowId}`);
  if (cronSchedule) problems.push('a cron schedule: a run must not repeat itself; leave it out');
  for (const [name, ms] of [
    ['an execution', executionTimeoutMs],
    ['a run', runTimeoutMs],
  ] as const)
    if (ms !== undefined && ms > 0)
      problems.push(`${name} time-out: a run may wait for weeks for people; leave it out`);
  return problems;
}

function fresh(run: string, settings: CheckedDecommission | null): FleetState {
  const given = settings as CheckedDecommission;
  return {
    run,
    settings: given,
    phase: 'loading',
    halt: null,
    startedAt: Date.now(),
    endedAt: null,
    pages: [],
    loading: {},
    loaded: false,
    plan: {
      pages: 0,
      chain: settings === null ? '' : digestOfSettings(settings),
      servers: 0,
      nics: 0,
      elasticIps: 0,
      byGrade: {},
      excludedCount: 0,
      excludedByCode: {},
      excluded: [],
    },
    digest: null,
    plannedAt: null,
    waves: [],
    wave: 0,
    maxErrors: 0,
    concurrency: settings?.concurrency ?? 0,
    approved: false,
    retries: 0,
    wakes: 0,
    named: { seq: 0, skip: [], undo: [], who: null },
    undoSeq: 0,
    aborted: null,
    undone: null,
    undoUntil: null,
    committing: false,
    controls: [],
    callsPerSecond: null,
    checkedAt: Date.now(),
    progress: [],
  };
}
