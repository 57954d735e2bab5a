/** The pages of a run in Temporal's Web UI, as somebody who looks at them reads them. */
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { root } from '../../dev/root';

/** The three boxes of the tab User Metadata; each is an iframe. */
export type Box = 'summary' | 'details' | 'current-details';

/** A page is patient: on a busy machine a view takes seconds to fill. */
const PATIENCE = { timeout: 90_000, interval: 250 };

/** The menu at the left and the bar above say nothing about a run. */
const CONTENT = { x: 256, y: 60, width: 1184, height: 1_080 };

export class RunPage {
  constructor(
    readonly page: Page,
    private readonly url: string,
  ) {}

  open(tab: 'timeline' | 'user-metadata' | 'search-attributes'): Promise<unknown> {
    return this.page.goto(`${this.url}/${tab}`);
  }

  box(name: Box): Locator {
    return this.page.frameLocator(`iframe#user-metadata-${name}`).locator('main');
  }

  async says(name: Box, ...words: (string | RegExp)[]): Promise<string> {
    return shows(this.box(name), ...words);
  }

  /** Presses R, as the box says, until it shows the words. */
  async comesToSay(...words: (string | RegExp)[]): Promise<string> {
    const read = async () => {
      const before = await textOf(this.box('current-details'));
      if (words.every((word) => includes(before, word))) return before;
      await this.page.keyboard.press('r');
      return before;
    };
    return poll(read, words);
  }

  /** The run's own badge, beside its id. */
  async hasStatus(status: string): Promise<void> {
    await shows(this.page.locator('body'), new RegExp(`^${status}$`, 'm'));
  }

  /** A label of the timeline, whole inside the window. */
  async label(text: string | RegExp): Promise<void> {
    const label = this.page.getByText(text).first();
    await label.waitFor({ timeout: PATIENCE.timeout });
    await label.scrollIntoViewIfNeeded();
    const box = await label.boundingBox();
    const width = this.page.viewportSize()?.width ?? 0;
    expect(box?.x, `left edge of ${String(text)}`).toBeGreaterThanOrEqual(CONTENT.x);
    expect((box?.x ?? 0) + (box?.width ?? 0), `right edge of ${String(text)}`).toBeLessThanOrEqual(width);
  }

  /** With SCREENSHOTS=1: into the docs. */
  async shoot(name: string, height = CONTENT.height): Promise<void> {
    if (process.env.SCREENSHOTS !== '1') return;
    await this.page.evaluate('window.scrollTo(0, 0)');
    await this.page.screenshot({
      path: join(root, 'docs/images', `${name}.png`),
      clip: { ...CONTENT, height },
    });
  }
}

/** What is rendered there, once it has all these words in it. */
export function shows(where: Locator, ...words: (string | RegExp)[]): Promise<string> {
  return poll(() => textOf(where), words);
}

async function poll(read: () => Promise<string>, words: (string | RegExp)[]): Promise<string> {
  let last = '';
  await expect
    .poll(
      async () => {
        last = await read();
        return words.filter((word) => !includes(last, word)).map(String);
      },
      { ...PATIENCE, message: 'words that are not on the page' },
    )
    .toEqual([])
    .catch((error: unknown) => {
      throw new Error(`not on the page: ${words.join(' · ')}\nThe page says:\n${last}`, { cause: error });
    });
  return last;
}

/** Rendered text only, so that nothing hidden counts. Empty while the frame is being replaced. */
async function textOf(where: Locator): Promise<string> {
  return where
    .innerText({ timeout: 2_000 })
    .then((text) => text.replace(/[ \t\u00a0]+/g, ' '))
    .catch(() => '');
}

function includes(text: string, word: string | RegExp): boolean {
  return typeof word === 'string' ? text.includes(word) : word.test(text);
}
