import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../dev/root';
import type { Page } from './pages';
import { anchors, pages, parse, readPage } from './pages';

const LINK = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;
const IN_REPOSITORY = /^(src|test|dev|scripts|simulator|bench|chaos|docs|deploy|schemas)\/[\w./-]+$/;

/** Why the links of a page lead nowhere. */
function brokenLinks({ path, prose }: Page): string[] {
  const problems: string[] = [];
  for (const [, target = ''] of prose.matchAll(LINK)) {
    if (/^[a-z][a-z+.-]*:/i.test(target)) continue;
    const [file = '', anchor] = target.split('#');
    const there = file === '' ? path : normalize(join(dirname(path), decodeURIComponent(file)));
    if (!existsSync(join(root, there))) problems.push(`${path}: ${target}: no such file`);
    else if (anchor !== undefined && !anchors(readFileSync(join(root, there), 'utf8')).includes(anchor)) {
      problems.push(`${path}: ${target}: no such heading`);
    }
  }
  return problems;
}

/** A module is named with or without its ending. */
function missingPaths({ path, code }: Page): string[] {
  return code
    .filter((span) => IN_REPOSITORY.test(span))
    .filter((named) => !['', '.ts', '.mjs'].some((ending) => existsSync(join(root, named + ending))))
    .map((named) => `${path}: ${named}: no such file`);
}

/** `[command, flags]` of every call of the starter in an example. */
function starterCalls({ code }: Page): [command: string, flags: string[]][] {
  return code.flatMap((line) => {
    const call =
      /^(?:\$ )?(?:npx )?(?:npm run (?:-s )?starter --|ecs-nics) (decommission [a-z]+|[a-z][a-z-]*)(.*)/.exec(
        line.trim(),
      );
    if (call === null) return [];
    const [, command = '', rest = ''] = call;
    const args = rest.replace(/ # .*/, '');
    return [[command, args.match(/(?<![\w-])--[a-z][a-z-]*/g) ?? []]];
  });
}

describe('the project’s pages', () => {
  it('link only to what exists', () => {
    expect(pages().flatMap(brokenLinks)).toEqual([]);
  });

  it('name only files that exist', () => {
    expect(pages().flatMap(missingPaths)).toEqual([]);
  });

  it('name only npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    const named = pages().flatMap(({ path, code }) =>
      code.flatMap((line) =>
        [...line.matchAll(/\bnpm run (?:-s )?([a-z][\w:-]*)/g)].map(([, name = '']) => `${path}: ${name}`),
      ),
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((each) => !(each.split(': ')[1]! in scripts))).toEqual([]);
  });

  it('name only commands and flags that the starter has', () => {
    const help = new Map<string, string>();
    const helpOf = (command: string): string => {
      const known = help.get(command);
      if (known !== undefined) return known;
      const ended = spawnSync(
        process.execPath,
        [join(root, 'scripts/run.mjs'), 'starter', ...command.split(' '), '--help'],
        {
          encoding: 'utf8',
        },
      );
      const text = ended.status === 0 && ended.stdout.includes(`ecs-nics ${command}`) ? ended.stdout : '';
      help.set(command, text);
      return text;
    };
    const calls = pages().flatMap((page) =>
      starterCalls(page).map(([command, flags]) => ({ page, command, flags })),
    );
    expect(calls.length).toBeGreaterThan(3);
    const wrong = calls.flatMap(({ page, command, flags }) => {
      const text = helpOf(command);
      if (text === '') return [`${page.path}: no command ${command}`];
      return flags
        .filter((flag) => !new RegExp(`(^|\\s)${flag}(?![\\w-])`, 'm').test(text))
        .map((flag) => `${page.path}: ${command} has no ${flag}`);
    });
    expect(wrong).toEqual([]);
  }, 120_000);
});

describe('these checks', () => {
  const page = (text: string): Page => ({ path: 'docs/x.md', ...parse(text) });

  it('see what is broken', () => {
    expect(brokenLinks(page('[a](../README.md) [b](nowhere.md) [c](../README.md#no-such)'))).toEqual([
      'docs/x.md: nowhere.md: no such file',
      'docs/x.md: ../README.md#no-such: no such heading',
    ]);
    expect(missingPaths(page('`src/worker.ts` `src/worker` `src/ghost.ts`'))).toEqual([
      'docs/x.md: src/ghost.ts: no such file',
    ]);
  });

  it('leave code and other sites alone', () => {
    expect(
      brokenLinks(page('`[a](nowhere.md)` [b](https://temporal.io/x)\n```\n[c](gone.md)\n```\n')),
    ).toEqual([]);
  });

  it('make anchors as GitHub does', () => {
    expect(
      anchors('# What survives what\n## `npm run docs`, again!\n```\n# no\n```\n## Words\n## Words\n'),
    ).toEqual(['what-survives-what', 'npm-run-docs-again', 'words', 'words-1']);
  });

  it('find calls of the starter and their flags', () => {
    const calls = starterCalls(
      page('```\nnpm run -s starter -- delete <id> --all --dry-run   # a --comment\n```\n`ecs-nics cancel`'),
    );
    expect(calls).toEqual([
      ['delete', ['--all', '--dry-run']],
      ['cancel', []],
    ]);
    expect(starterCalls(readPage('README.md')).length).toBeGreaterThan(2);
  });
});
