import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '../engine/digest';
import { seedsOf } from './seeds';

const SOURCES = 'a1'.repeat(32);
const CHANGED = 'a2'.repeat(32);

const halves = (env: NodeJS.ProcessEnv, sources = SOURCES) =>
  [1, 2].map((part) => seedsOf(env, part, 2, sources));
const union = (env: NodeJS.ProcessEnv, which: 'fixed' | 'fresh', sources = SOURCES) =>
  halves(env, sources)
    .flatMap((seeds) => seeds[which])
    .sort((a, b) => a - b);

describe('the seeds of a campaign', () => {
  it('are the same 500 each time, shared by its parts', () => {
    const all = Array.from({ length: 500 }, (_, index) => index + 1);
    expect(union({}, 'fixed')).toEqual(all);
    expect(union({}, 'fixed', CHANGED)).toEqual(all);
  });

  it('are others for a fifth when the sources have changed, and one series for all parts', () => {
    const [before, after] = [union({}, 'fresh'), union({}, 'fresh', CHANGED)];
    const [first = 0] = before;
    expect(before).toEqual(before.map((_, index) => first + index));
    expect(before.length * 4).toBeGreaterThanOrEqual(500);
    expect(first).toBeGreaterThan(500);
    expect(after).toHaveLength(before.length);
    expect(before.filter((seed) => after.includes(seed))).toEqual([]);
  });

  it('are the same for the same sources, in CI as anywhere else', () => {
    expect(halves({ CI: 'true' })).toEqual(halves({}));
    expect(seedsOf({}, 1, 2)).toEqual(seedsOf({}, 1, 2, digestOf(['src', 'test/sandbox'])));
  });

  it('are those of other sources, when their first is given', () => {
    const [, theirs] = halves({}, CHANGED);
    expect(seedsOf({ FRESH: String(theirs?.freshFrom) }, 2, 2, SOURCES)).toEqual(theirs);
  });

  it('are no others than those that are asked for', () => {
    expect(halves({ SEED: '1234567' }).map(({ fixed, fresh }) => [...fixed, ...fresh])).toEqual([
      [1_234_567],
      [],
    ]);
    expect(union({ FIRST: '2000', SCHEDULES: '3' }, 'fixed')).toEqual([2_001, 2_002, 2_003]);
    expect(union({ FIRST: '2000', SCHEDULES: '3' }, 'fresh')).toEqual([]);
  });
});

describe('the digest of sources', () => {
  const folder = () => {
    const made = mkdtempSync(join(tmpdir(), 'digest-'));
    onTestFinished(() => rmSync(made, { recursive: true }));
    mkdirSync(join(made, 'in', 'deep'), { recursive: true });
    writeFileSync(join(made, 'in', 'deep', 'a.ts'), 'one');
    writeFileSync(join(made, 'in', 'b.ts'), 'two');
    return made;
  };

  it('is the same for the same names and contents, wherever they are', () => {
    expect(digestOf(['in'], [], folder())).toBe(digestOf(['in'], [], folder()));
  });

  it.each<[string, (made: string) => void]>([
    ['changed', (made) => writeFileSync(join(made, 'in', 'deep', 'a.ts'), 'One')],
    ['added', (made) => writeFileSync(join(made, 'in', 'c.ts'), '')],
    ['gone', (made) => rmSync(join(made, 'in', 'b.ts'))],
  ])('is another one when a source was %s', (_how, change) => {
    const made = folder();
    const before = digestOf(['in'], [], made);
    change(made);
    expect(digestOf(['in'], [], made)).not.toBe(before);
  });
});
