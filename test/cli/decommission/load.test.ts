/** A list is uploaded in pages that the run takes, and again in the same ones; a cut upload goes on. */
import { describe, expect, it } from 'vitest';
import type { ListedServer } from '../../../src/contract';
import { PAGE_LIMITS, checkDecommissionInput, checkLoad } from '../../../src/contract';
import { pagesOf } from '../../../src/client/decommission/load';
import { decommission } from '../../../src/client/decommission/request';

const uuid = (n: number) => `3f0b6f0e-2a53-4d59-9d1b-${String(n).padStart(12, '0')}`;
const server = (n: number, nics: number | 'all'): ListedServer => ({
  serverId: uuid(n),
  nics:
    nics === 'all'
      ? nics
      : Array.from({ length: nics }, (_, i) => ({
          id: uuid(100 * n + i),
          ip: '2001:db8:1111:2222:3333:4444:5555:6666',
          mac: 'fa:16:3e:00:00:02',
        })),
});
const list = (count: number, nics: number | 'all') =>
  Array.from({ length: count }, (_, n) => server(n, nics));

describe('the pages of a list', () => {
  it.each([
    ['few NICs', 1],
    ['as many as a server has', 11],
    ['more than a page has bytes for', 32],
    ['all', 'all'],
  ] as const)('hold what the run takes, in its order: %s', (_name, nics) => {
    const servers = list(350, nics);
    const pages = pagesOf(servers);
    expect(pages.flat()).toEqual(servers);
    pages.forEach((some, page) => {
      expect(checkLoad({ page, servers: some }).problems).toEqual([]);
    });
  });

  it('are as full as they may be, and count every NIC of a server that names none', () => {
    expect(pagesOf(list(350, 1)).map(({ length }) => length)).toEqual([100, 100, 100, 50]);
    for (const page of pagesOf(list(350, 'all')))
      expect(page.length * 12).toBeLessThanOrEqual(PAGE_LIMITS.nics);
    expect(pagesOf([])).toEqual([]);
  });
});

describe('the same run', () => {
  const key = (settings: object) => {
    const { key: keyOf, input } = decommission('cleanup', { maxServers: 10, ...settings });
    return keyOf(input);
  };

  it('is one with equal settings, however they are written, and whoever asks', () => {
    expect(key({ undoWindow: '24 hours', requestedBy: 'a', reason: 'b' })).toBe(key({}));
    expect(key({ waves: [1, 10, 100, '25%', '100%'], maxErrors: '0' })).toBe(key({}));
    expect(key({ protect: ['a', 'b', 'a'] })).toBe(key({ protect: ['b', 'a'] }));
  });

  it.each([
    { maxServers: 11 },
    { waves: '1,100%' },
    { protect: ['a'] },
    { strict: true },
    { undoWindow: '0s' },
    { allowElasticIp: true },
  ])('is another one with %j', (settings) => {
    expect(key(settings)).not.toBe(key({}));
  });

  it('is known when its first run is not kept any more', () => {
    const { key: keyOf, input } = decommission('cleanup', { maxServers: 10, protect: ['a'] });
    // What a run hands on when it continues as new: its settings, checked.
    const settings = JSON.parse(JSON.stringify(checkDecommissionInput(input).value)) as object;
    expect(keyOf({ handed: { settings } })).toBe(keyOf(input));
    expect(keyOf({})).not.toBe(keyOf(input));
  });
});
