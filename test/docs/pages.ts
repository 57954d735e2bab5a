/** The project's Markdown, taken apart as far as its tests need. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../dev/root';

export interface Page {
  /** Relative to the repository. */
  path: string;
  text: string;
  /** Without code of any kind. */
  prose: string;
  /** Lines of code blocks, and code spans. */
  code: string[];
}

const PAGES = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'simulator/README.md'];

export function pages(): Page[] {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
  const all = [...PAGES, ...docs.filter((path) => path.endsWith('.md')).map((path) => join('docs', path))];
  return all.filter((path) => existsSync(join(root, path))).map(readPage);
}

export function readPage(path: string): Page {
  return { path, ...parse(readFileSync(join(root, path), 'utf8')) };
}

export function parse(text: string): Omit<Page, 'path'> {
  const code: string[] = [];
  const prose = text
    .replace(/^(```+)[^\n]*\n([\s\S]*?)^\1[ \t]*$/gm, (_all, _fence, block: string) => {
      code.push(...block.split('\n'));
      return '';
    })
    .replace(/`([^`\n]+)`/g, (_all, span: string) => {
      code.push(span);
      return 'code';
    });
  return { text, prose, code };
}

/** Anchors of the headings, as GitHub makes them. */
export function anchors(text: string): string[] {
  const seen = new Map<string, number>();
  const withoutBlocks = text.replace(/^(```+)[^\n]*\n[\s\S]*?^\1[ \t]*$/gm, '');
  return [...withoutBlocks.matchAll(/^#{1,6} +(.+?) *#*$/gm)].map(([, title = '']) => {
    const slug = title
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
}
