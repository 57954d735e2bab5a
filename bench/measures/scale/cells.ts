/** Which runs are measured: sizes, rates and kinds, each with each. Pure. */

export const KINDS = ['plain', 'exact'] as const;
/** `plain`: ports go with their NICs. `exact`: they are kept for an undo window, and deleted by its commit. */
export type Kind = (typeof KINDS)[number];

/** What is asked for; `null`: the usual. */
export interface Selection {
  servers: number[] | null;
  /** Calls a second; `null` among them: as many as the machine can make. */
  rates: (number | null)[] | null;
  kinds: Kind[] | null;
}

export interface Cell {
  servers: number;
  rate: number | null;
  kind: Kind;
}

const USUAL = { servers: [100, 1_000], rates: [50, null], kinds: [...KINDS] };
const QUICK = { servers: [8, 16], rates: [null], kinds: [...KINDS] };

/** Small ones first, so that a defect shows early. */
export function cellsOf({ servers, rates, kinds }: Selection, quick: boolean): Cell[] {
  const usual = quick ? QUICK : USUAL;
  const sizes = [...(servers ?? usual.servers)].sort((a, b) => a - b);
  return sizes.flatMap((count) =>
    (kinds ?? usual.kinds).flatMap((kind) =>
      (rates ?? usual.rates).map((rate) => ({ servers: count, rate, kind })),
    ),
  );
}

export const rateName = (rate: number | null): string => (rate === null ? 'no quota' : `${rate} calls/s`);

export const cellName = ({ servers, rate, kind }: Cell): string =>
  `${servers.toLocaleString('en')} ${kind}, ${rateName(rate)}`;
