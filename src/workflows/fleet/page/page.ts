/** A page of the list: its rows, its orders, and what it tells its run. */
import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  defineQuery,
  defineSignal,
  workflowInfo,
} from '@temporalio/workflow';
import { decommissionWorkflowId, QUERY_PLAN, QUERY_REPORT } from '../../../contract/decommission/names';
import type { PagePlan, PageReport, PageState } from '../../../contract/decommission/types';
import type { NicRow, ResultDocument } from '../../../contract/types';
import type { Place } from '../../../activities/agreement';
import { isRecord } from '../../../contract/values';
import type { NamedServers, News, Order, PageInput } from '../../policy/fleet/agreement';
import {
  FIRST_ORDER,
  SIGNAL_NAMED,
  SIGNAL_NEWS,
  SIGNAL_ORDER,
  SIGNAL_REFUSED,
} from '../../policy/fleet/agreement';
import { label } from '../../run/details';
import { Alarm } from '../alarm';
import { detailsOfPage } from './details';
import type { Row } from './rows';
import {
  againCount,
  countsOf,
  failedCount,
  failuresOf,
  inspected,
  pagePlanOf,
  planDigestOf,
  planned,
  planNewsOf,
  reportOf,
  rowsOf,
  toUndoCount,
  triedCount,
  wantBack,
} from './rows';

/** News wait so long for more, in ms, unless the run has to know at once. */
const QUIET_MS = 10_000;
/** Ends since the last news, after which they wait no longer. */
const ENDS = 20;
/** Slots that the page does not need any more, after which they wait no longer. */
const FREED = 5;
/** A run that was terminated tells nobody: without an order for so long the page asks for it. */
const ASK_AFTER_MS = 6 * 3_600_000;

export class Page {
  readonly rows: Row[];
  order: Order = FIRST_ORDER;
  /** Where the first inspection has read; every call is meant for this place. */
  place: Partial<Place> | null;
  refusals = { count: 0, message: '' };
  /** The run does not exist any more. */
  orphaned = false;
  /** Nothing more is under way, and the page ends. */
  over = false;
  committing = false;
  committed = false;
  retries = 0;
  wakes = 0;
  namedSeq = 0;
  /** The order to put all back was taken in. */
  undone = false;
  readonly protect: ReadonlySet<string>;
  /** A defect in a task that nobody awaits. */
  private defect: Error | null = null;
  private digest: string | null = null;
  private changed = true;
  private readonly alarm = new Alarm(() => this.touch());
  private seq = 0;
  private told: News | null = null;
  private toldAt = Date.now();

  constructor(readonly input: PageInput) {
    this.rows = rowsOf(input.servers);
    this.protect = new Set(input.settings.protect);
    this.place = input.settings.projectId === null ? null : { projectId: input.settings.projectId };
    const { run, page } = input;
    setHandler(defineSignal<[Order]>(SIGNAL_ORDER), (order) => {
      // From outside anybody can send such signals: what is no message of ours is passed over.
      if (!isRecord(order) || typeof order.seq !== 'number' || typeof order.upTo !== 'number') return;
      // A run that was reset counts anew: it learns from the news which number comes next, and this page listens again.
      if (order.seq <= this.order.seq) this.told = null;
      else this.order = order;
      this.touch();
    });
    setHandler(defineSignal<[NamedServers]>(SIGNAL_NAMED), (named) => {
      if (!isRecord(named) || typeof named.seq !== 'number') return;
      if (!Array.isArray(named.skip) || !Array.isArray(named.undo)) return;
      const { seq, who } = named;
      const [skip, undo] = [new Set(named.skip), new Set(named.undo)];
      this.namedSeq = Math.max(this.namedSeq, seq);
      for (const row of this.rows) {
        if (skip.has(row.listed.serverId)) row.skipped = true;
        if (who !== null && undo.has(row.listed.serverId)) wantBack(row, who);
      }
      this.touch();
    });
    setHandler(defineSignal<[string]>(SIGNAL_REFUSED), (message) => {
      if (typeof message === 'string') this.refused(message);
    });
    setHandler(defineQuery<PageReport>(QUERY_REPORT), () => this.report());
    setHandler(defineQuery<PagePlan>(QUERY_PLAN), () => pagePlanOf(run, page, this.rows));
    // A cancellation from the Web UI ends the page early: nothing more is started, what is under way finishes.
    void CancellationScope.current().cancelRequested.catch(() => {
      this.orphaned = true;
      this.touch();
    });
  }

  touch(): void {
    this.changed = true;
  }

  refused(message: string): void {
    this.refusals = { count: this.refusals.count + 1, message: message.slice(0, 300) };
    this.touch();
  }

  /** Work that goes on beside the rest. A defect in it fails the workflow task, as anywhere else. */
  begin(task: () => Promise<void>): void {
    void task()
      .catch((error: unknown) => {
        this.defect = error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => this.touch());
  }

  /** Rests so long, or until a `resume` makes everybody look at once. @param why for the label of the timer */
  async rest(ms: number, why: string, isOver: () => boolean): Promise<void> {
    const { wakes } = this;
    await condition(() => this.wakes !== wakes || isOver(), ms, { summary: label(why) });
  }

  get inFlight(): number {
    return this.rows.filter(({ running }) => running).length;
  }

  /** Nothing more may be started. */
  get isClosed(): boolean {
    return this.order.abort || this.order.finish || this.orphaned;
  }

  get isPlanned(): boolean {
    return inspected(this.rows) === this.rows.length;
  }

  /** Of its part of the plan, which does not change once it stands. */
  get planDigest(): string {
    return (this.digest ??= planDigestOf(this.rows));
  }

  report(): PageReport {
    return reportOf(this.input.run, this.input.page, this.state, this.rows);
  }

  get state(): PageState {
    if (this.over) return 'done';
    if (this.inFlight > 0) return 'working';
    if (!this.isPlanned) return this.order.plan ? 'planning' : 'loaded';
    return this.order.upTo === 0 ? 'planned' : 'resting';
  }

  /** Tells the run what it does not know yet, and waits until something has changed. */
  async turn(): Promise<void> {
    this.throwDefect();
    const news = this.news();
    if (this.isDue(news)) await this.tell(news);
    this.alarm.set(this.toldAt + (this.isNew(news) ? QUIET_MS : ASK_AFTER_MS), 'tells the run how far it is');
    await condition(() => this.changed);
    this.changed = false;
    this.throwDefect();
  }

  private throwDefect(): void {
    if (this.defect !== null) throw this.defect;
  }

  async tell(news = this.news()): Promise<void> {
    this.seq += 1;
    this.told = news;
    this.toldAt = Date.now();
    setCurrentDetails(detailsOfPage(this.input, this.rows, news));
    const run = getExternalWorkflowHandle(decommissionWorkflowId(this.input.run));
    try {
      await run.signal(SIGNAL_NEWS, { ...news, seq: this.seq });
    } catch {
      // The run is closed: nobody decides any more what may go on.
      this.orphaned = true;
      this.touch();
    }
  }

  /** Servers whose ports are kept for the undo window, and are to be deleted after it. */
  holding(): (Row & { document: ResultDocument })[] {
    if (this.committed || this.input.settings.undoWindowMs === 0) return [];
    return this.rows.filter(
      (row): row is Row & { document: ResultDocument } =>
        // What a person has wanted back, and could not be put back, is not deleted by the run that was to do it.
        row.document !== null && row.end !== null && row.undo === null && heldPorts(row.document).length > 0,
    );
  }

  private news(): News {
    const { rows, order, input } = this;
    return {
      page: input.page,
      runId: workflowInfo().runId,
      seq: 0,
      orderSeq: order.seq,
      retries: this.retries,
      namedSeq: this.namedSeq,
      state: this.state,
      inspected: inspected(rows),
      atRest: planned(rows).filter(({ end }) => end !== null).length,
      inFlight: this.inFlight,
      goingBack: rows.filter(({ running, end }) => running && end !== null).length,
      toUndo: toUndoCount(rows),
      tried: triedCount(rows),
      counts: countsOf(rows),
      failed: failedCount(rows),
      again: againCount(rows),
      failures: failuresOf(rows),
      refusals: this.refusals,
      held: this.holding().length,
      plan: this.isPlanned && !order.planned ? planNewsOf(rows) : null,
    };
  }

  private isNew(news: News): boolean {
    return JSON.stringify(news) !== JSON.stringify(this.told);
  }

  private isDue(news: News): boolean {
    const { told } = this;
    if (!this.isNew(news)) return Date.now() >= this.toldAt + ASK_AFTER_MS;
    if (told === null || Date.now() >= this.toldAt + QUIET_MS) return true;
    const left = (it: News) => Math.max(0, this.order.upTo - it.atRest) + it.toUndo;
    const freed = Math.min(left(told), this.order.slots) - Math.min(left(news), this.order.slots);
    return (
      news.orderSeq !== told.orderSeq ||
      news.namedSeq !== told.namedSeq ||
      (news.toUndo === 0) !== (told.toUndo === 0) ||
      news.state !== told.state ||
      news.failed !== told.failed ||
      news.refusals.count !== told.refusals.count ||
      (news.plan !== null && told.plan === null) ||
      (news.held === 0) !== (told.held === 0) ||
      news.atRest - told.atRest >= ENDS ||
      freed >= FREED
    );
  }
}

/** NICs whose ports this run has kept: a port that the NIC's own flag keeps stays. */
export function heldPorts({ nics }: ResultDocument): NicRow[] {
  return nics.filter(
    ({ outcome, snapshot, errorCode }) =>
      outcome === 'detached' && snapshot?.deleteOnTermination === true && errorCode === null,
  );
}
