/** How what a run takes grows with its servers: as a table, and as a picture. Pure. */
import { figure } from '../../figures';
import type { Panel } from '../../plot';
import { plot } from '../../plot';
import type { Kind } from './cells';
import { rateName } from './cells';

/** Of one run. */
export interface Point {
  servers: number;
  calls: number;
  /** Of worker and Temporal server together. */
  cpuSeconds: number;
  events: number;
  /** Plan, waves and commit. */
  seconds: number;
  memoryMB: number;
}

/** Runs of one kind at one rate, by size. */
export interface Series {
  kind: Kind;
  rate: number | null;
  points: Point[];
}

/** The worker's memory is the one thing that shall not grow. */
const QUANTITIES = {
  calls: 'calls',
  cpuSeconds: 'CPU of worker and Temporal, s',
  events: 'history events',
  seconds: 'plan, waves and commit, s',
  memoryMB: 'worker’s memory, MB',
} as const satisfies Record<Exclude<keyof Point, 'servers'>, string>;
type Quantity = keyof typeof QUANTITIES;
const NAMES = Object.keys(QUANTITIES) as Quantity[];

export const nameOf = ({ kind, rate }: Pick<Series, 'kind' | 'rate'>): string => `${kind}, ${rateName(rate)}`;

/** Lines of text: what all servers take together, and in brackets each of them. Memory is the whole worker's. */
export function growthTable(all: readonly Series[]): string[] {
  return all.flatMap((series) =>
    series.points.map((point) => {
      const { servers, memoryMB, ...totals } = point;
      const cells = Object.entries(totals).map(
        ([name, total]) => `${QUANTITIES[name as Quantity]} ${figure(total)} (${figure(total / servers)})`,
      );
      return `${nameOf(series)} · ${servers.toLocaleString('en')} servers: ${cells.join(' · ')} · ${QUANTITIES.memoryMB} ${figure(memoryMB)}`;
    }),
  );
}

/** One panel for each quantity, a line for each series: what is linear is a straight line. */
export function growthPlot(all: readonly Series[]): string {
  const most = Math.max(1, ...all.flatMap(({ points }) => points.map(({ servers }) => servers)));
  const panels = NAMES.map((name): Panel => ({
    title: QUANTITIES[name],
    xLabel: `${most.toLocaleString('en')} servers`,
    dots: true,
    lines: all.map((series) => ({
      name: nameOf(series),
      points: series.points.map((point) => [point.servers, point[name]] as const),
    })),
  }));
  return plot(panels, all.map(nameOf));
}
