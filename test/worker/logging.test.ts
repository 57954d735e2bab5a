import type * as Pino from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from '../../src/worker/logging';
import { FOREIGN, UNSEEN } from '../support/foreign-texts';

// pino writes to the descriptor itself: only a stand-in for its destination can be read.
const lines: string[] = [];
vi.mock('pino', async (original) => {
  const { pino } = await original<typeof Pino>();
  const destination = () => ({ write: (line: string) => lines.push(line) });
  return { pino: Object.assign(pino, { destination }) };
});

afterEach(() => {
  lines.length = 0;
  vi.restoreAllMocks();
});

describe('the log', () => {
  it('passes one line a minute of each kind of retry, and all of everything else', () => {
    let now = 1_000_000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const log = createLogger({ logLevel: 'info', logFormat: 'json' });
    for (let n = 5; n < 100; n++) {
      log.warn(`gRPC call poll_activity_task_queue retried ${n} times`);
      log.warn(`gRPC call poll_workflow_task_queue retried ${n} times`);
      now += 500;
    }
    log.warn('something else');
    log.warn('something else');
    now += 20_000;
    log.warn('gRPC call poll_activity_task_queue retried 100 times');
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'gRPC call poll_activity_task_queue retried 5 times',
      'gRPC call poll_workflow_task_queue retried 5 times',
      'something else',
      'something else',
      'gRPC call poll_activity_task_queue retried 100 times',
    ]);
  });

  it('stays JSON lines, and says so, where the package for readable ones is missing', () => {
    const missing = (name: string) => {
      throw new Error(`Cannot find module '${name}'`);
    };
    const log = createLogger({ logLevel: 'info', logFormat: 'pretty' }, missing);
    log.info('the worker polls', { queue: 'ecs-nics' });
    const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(told).toEqual([
      {
        level: 40,
        service: 'ecs-nics-worker',
        time: expect.any(String) as string,
        msg: expect.stringContaining('pino-pretty') as string,
      },
      {
        level: 30,
        service: 'ecs-nics-worker',
        time: expect.any(String) as string,
        queue: 'ecs-nics',
        msg: 'the worker polls',
      },
    ]);
  });

  it('is readable where the package is installed', () => {
    const written: object[] = [];
    const pretty = (options: object) => {
      written.push(options);
      return { write: (line: string) => written.push({ line }) };
    };
    createLogger({ logLevel: 'info', logFormat: 'pretty' }, () => pretty).info('the worker polls');
    expect(written[0]).toMatchObject({ ignore: 'service,pid,hostname' });
    expect(written[1]).toMatchObject({ line: expect.stringContaining('the worker polls') as string });
    expect(lines).toEqual([]);
  });

  it.each(Object.entries(FOREIGN))('escapes %s in JSON lines, and loses nothing of it', (_trap, text) => {
    const log = createLogger({ logLevel: 'info', logFormat: 'json' });
    log.info(`it says ${text}`, { workflowId: text });
    expect(lines).toHaveLength(1);
    expect(UNSEEN.test(lines[0]!.trimEnd())).toBe(false);
    expect(JSON.parse(lines[0]!)).toMatchObject({ msg: `it says ${text}`, workflow: text });
  });

  it.each(Object.entries(FOREIGN))('drops %s on a terminal', (_trap, text) => {
    const written: string[] = [];
    const pretty = () => ({ write: (line: string) => written.push(line) });
    createLogger({ logLevel: 'info', logFormat: 'pretty' }, () => pretty).info('it says', {
      workflowId: text,
    });
    const { workflow } = JSON.parse(written.join('')) as { workflow: string };
    expect(workflow).toMatch(/^web[^]*-01$/);
    expect(UNSEEN.test(workflow.replaceAll('\n', ''))).toBe(false);
  });
});
