import { describe, expect, it } from 'vitest';
import { brokenCitations, commentedFiles, commentsOf } from './citations';

describe('comments of the code', () => {
  it('cite only pages, sections and decisions that exist', () => {
    const files = commentedFiles();
    // The search itself finds something.
    expect(files.filter(({ comments }) => comments.includes('§')).length).toBeGreaterThan(50);
    expect(files.flatMap(brokenCitations)).toEqual([]);
  });
});

describe('this check', () => {
  const broken = (comments: string) => brokenCitations({ path: 'src/ecs/x.ts', comments });

  it('sees what leads nowhere', () => {
    expect(broken('docs/contract.md §6.3, §6.99; docs/ghost.md §1; docs/decisions/0004')).toEqual([
      'src/ecs/x.ts: docs/contract.md §6.99: no such section',
      'src/ecs/x.ts: docs/ghost.md: no such page',
      'src/ecs/x.ts: §1: of which page?',
    ]);
    expect(broken('docs/decisions/0999, and §2.1 of what?')).toEqual([
      'src/ecs/x.ts: docs/decisions/0999: no such decision',
      'src/ecs/x.ts: §2.1: of which page?',
    ]);
    expect(broken('https://example.org/ghost.md, and README.md')).toEqual([]);
  });

  it('reads comments and titles of tests, and no other code', () => {
    const code = [
      '/** a.md',
      ' * b.md */',
      "const c = 'c.md'; " + '// d.md',
      "describe('e.md', () => {});",
      "run('x/**/f.md');",
    ];
    expect(commentsOf(code.join('\n')).match(/\w\.md/g)).toEqual(['a.md', 'b.md', 'd.md', 'e.md']);
  });
});
