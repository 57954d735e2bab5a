/** How what a run takes grows with its servers: as a table, and as a picture. Pure. */
import { figure } from '../../figures';
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

const PANEL = { width: 300, height: 220, left: 62, bottom: 34, top: 26, right: 14 };
const COLOURS = ['#1b6ca8', '#c8553d', '#3c8c5a', '#7a4fa3', '#a07d1a', '#555555'];

/** One panel for each quantity, linear axes from nought, a line for each series: what is linear is a straight line. */
export function growthPlot(all: readonly Series[]): string {
  const most = (of: (point: Point) => number) =>
    Math.max(1e-9, ...all.flatMap(({ points }) => points.map(of)));
  const mostServers = most(({ servers }) => servers);
  const panels = NAMES.map((name, index) => {
    const mostOf = most((point) => point[name]);
    const x = ({ servers }: Point) => PANEL.left + (servers / mostServers) * innerWidth;
    const y = (point: Point) => PANEL.top + (1 - point[name] / mostOf) * innerHeight;
    const lines = all.map(({ points }, n) => {
      const colour = COLOURS[n % COLOURS.length] ?? '#000';
      const at = points.map((point) => `${x(point).toFixed(1)},${y(point).toFixed(1)}`);
      const dots = at.map((pair) => {
        const [cx = '', cy = ''] = pair.split(',');
        return `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`;
      });
      return `<polyline points="${at.join(' ')}" fill="none" stroke="${colour}"/>${dots.join('')}`;
    });
    const [right, bottom] = [PANEL.left + innerWidth, PANEL.top + innerHeight];
    const column = index % COLUMNS;
    const row = Math.floor(index / COLUMNS);
    return [
      `<g transform="translate(${column * PANEL.width},${row * PANEL.height})">`,
      `<text x="${PANEL.left}" y="16" font-weight="bold">${QUANTITIES[name]}</text>`,
      `<path d="M${PANEL.left},${PANEL.top}V${bottom}H${right}" fill="none" stroke="#888"/>`,
      `<text x="${PANEL.left - 5}" y="${PANEL.top + 4}" text-anchor="end">${figure(mostOf)}</text>`,
      `<text x="${PANEL.left - 5}" y="${bottom}" text-anchor="end">0</text>`,
      `<text x="${right}" y="${bottom + 15}" text-anchor="end">${mostServers.toLocaleString('en')} servers</text>`,
      ...lines,
      '</g>',
    ].join('\n');
  });
  const rows = Math.ceil((NAMES.length + 1) / COLUMNS);
  // The last field of the grid is free.
  const [keyX, keyY] = [(COLUMNS - 1) * PANEL.width + PANEL.left, (rows - 1) * PANEL.height + PANEL.top];
  const key = all.map((series, n) => {
    const y = keyY + 18 * (n + 1);
    const colour = COLOURS[n % COLOURS.length] ?? '#000';
    return `<circle cx="${keyX}" cy="${y - 4}" r="4" fill="${colour}"/><text x="${keyX + 10}" y="${y}">${nameOf(series)}</text>`;
  });
  const [width, height] = [COLUMNS * PANEL.width, rows * PANEL.height];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...panels,
    ...key,
    '</svg>',
    '',
  ].join('\n');
}

const COLUMNS = 3;
const innerWidth = PANEL.width - PANEL.left - PANEL.right;
const innerHeight = PANEL.height - PANEL.top - PANEL.bottom;
