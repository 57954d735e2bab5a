/**
 * What comments of the code say about pages: a page alone, a section (docs/contract.md §6.3), or a decision
 * (docs/decisions/0004).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { root } from '../../dev/root';

const FOLDERS = ['src', 'simulator', 'test', 'dev', 'bench', 'chaos', 'scripts'];

export interface CommentedFile {
  /** Relative to the repository. */
  path: string;
  /** Its comments and the titles of its tests, in the order of the file. */
  comments: string;
}

export function commentedFiles(): CommentedFile[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|mts|mjs|js)$/.test(name))
      .map((name) => join(folder, name).split(sep).join('/'))
      .map((path) => ({ path, comments: commentsOf(readFileSync(join(root, path), 'utf8')) })),
  );
}

/** A block comment begins its line; a glob in a text, which looks like one, does not. */
const COMMENT = /^[ \t]*\/\*[\s\S]*?\*\/|(?:^|[ \t])\/\/ .*$|^[ \t]*(?:describe|it)\(.*$/gm;

export function commentsOf(code: string): string {
  return [...code.matchAll(COMMENT)].map(([comment]) => comment).join('\n');
}

const NAMED =
  /(?<page>(?:[\w.-]+\/)*[\w.-]+\.md)\b|(?<decision>docs\/decisions\/\d+)\b|§(?<section>\d+(?:\.\d+)*)/g;

/** Why citations of a file lead nowhere. A section without a page belongs to the page that was named last. */
export function brokenCitations({ path, comments }: CommentedFile): string[] {
  const problems: string[] = [];
  let page: string | null = null;
  for (const { groups } of comments.replace(/https?:\S+/g, '').matchAll(NAMED)) {
    const { page: name, decision, section } = groups as Record<string, string | undefined>;
    if (name !== undefined) {
      page = [name, join(dirname(path), name)].find((each) => existsSync(join(root, each))) ?? null;
      if (page === null) problems.push(`${path}: ${name}: no such page`);
    } else if (decision !== undefined) {
      if (!decisions().includes(decision)) problems.push(`${path}: ${decision}: no such decision`);
    } else if (section !== undefined) {
      if (page === null) problems.push(`${path}: §${section}: of which page?`);
      else if (!sections(page).includes(section))
        problems.push(`${path}: ${page} §${section}: no such section`);
    }
  }
  return problems;
}

function decisions(): string[] {
  return readdirSync(join(root, 'docs/decisions')).map((name) => `docs/decisions/${name.slice(0, 4)}`);
}

/** Numbers of a page's headings. */
function sections(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^#{2,6} (\d+(?:\.\d+)*)\.? /gm)].map(([, number = '']) => number);
}
