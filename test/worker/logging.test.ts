import { mkdtempSync, readFileSync, renameSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import type * as Pino from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from '../../src/worker/logging';
import { FOREIGN, UNSEEN } from '../support/foreign-texts';

const SERVER = '3f0b6f0e-2a53-4d59-9d1b-0a2a7e5f1c11';
const parsed = (line: string): unknown => JSON.parse(line);

// pino writes to the descriptor itself: only a stand-in for its destination can be read.
const lines: string[] = [];
vi.mock('pino', async (original) => {
  const { pino } = await original<typeof Pino>();
  const destination = () => ({ write: (line: string) => lines.push(line), on: () => undefined });
  return { pino: Object.assign(pino, { destination }) };
});

afterEach(() => {
  lines.length = 0;
  vi.restoreAllMocks();
});

describe('the log', () => {
  it('passes one line a minute of all retries, and all of everything else', () => {
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
      'something else',
      'something else',
      'gRPC call poll_activity_task_queue retried 100 times',
    ]);
  });

  it('has one line with fixed keys for an event, whoever writes it, at the level of the table', () => {
    const log = createLogger({ logLevel: 'info', logFormat: 'json' });
    const meta = {
      sdkComponent: 'workflow',
      namespace: 'default',
      taskQueue: 'q',
      workflowType: 'deleteServerNics',
    };
    log.info('run.needs-person', {
      ...meta,
      event: 'run.needs-person',
      workflowId: `nics/${SERVER}`,
      runId: 'r-1',
      outcome: 'outcome-unknown',
      counts: '1 unknown',
    });
    log.info('port.deleted', {
      event: 'port.deleted',
      workflowId: 'decommission/old/pages/3',
      runId: 'r-2',
      nic: 'p-1',
    });
    expect(lines.map(parsed)).toEqual([
      {
        level: 'warn',
        service: 'ecs-nics-worker',
        time: expect.any(String) as string,
        event: 'run.needs-person',
        server: SERVER,
        workflowId: `nics/${SERVER}`,
        runId: 'r-1',
        outcome: 'outcome-unknown',
        counts: '1 unknown',
        msg: 'the run has ended, and needs a person: outcome-unknown, 1 unknown',
      },
      {
        level: 'info',
        service: 'ecs-nics-worker',
        time: expect.any(String) as string,
        event: 'port.deleted',
        workflowId: 'decommission/old/pages/3',
        runId: 'r-2',
        fleet: 'old',
        nic: 'p-1',
        msg: 'port p-1 is deleted',
      },
    ]);
  });

  it('keeps what changes something in the audit file, and nothing else', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'ecs-nics-')), 'audit.jsonl');
    const log = createLogger({ logLevel: 'error', logFormat: 'json', auditLog: file });
    log.info('nic.verdict', { event: 'nic.verdict', nic: 'p-1', outcome: 'deleted' });
    log.info('port.deleted', { event: 'port.deleted', nic: 'p-1\u202e' });
    log.info('port deleted');
    // Whoever rotates files moves it away.
    renameSync(file, `${file}.1`);
    log.info('port.deleted', { event: 'port.deleted', nic: 'p-2' });
    const kept = [`${file}.1`, file].map((name) => readFileSync(name, 'utf8'));
    expect(kept.join('')).not.toContain('\u202e');
    expect(kept.map(parsed)).toMatchObject([
      { event: 'port.deleted', nic: 'p-1\u202e' },
      { event: 'port.deleted', nic: 'p-2', sentence: 'port p-2 is deleted' },
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(lines).toEqual([]);
  });

  it('says that the audit file can’t be written, once a minute, and goes on', () => {
    const log = createLogger({ logLevel: 'error', logFormat: 'json', auditLog: '/dev/null/audit' });
    for (let n = 0; n < 3; n++) log.info('port.deleted', { event: 'port.deleted', nic: 'p-1' });
    expect(lines.map((line) => (parsed(line) as { msg: string }).msg)).toEqual([
      expect.stringContaining('the audit log can’t be written'.replace('’', "'")),
    ]);
  });

  it('passes one line a minute of each kind that Core writes, and shortens its dumps', () => {
    const log = createLogger({ logLevel: 'info', logFormat: 'json' });
    for (let n = 0; n < 20; n++)
      log.warn('Network error while polling, and more words than forty characters', {
        sdkComponent: 'core',
        error: `Status { code: Unavailable, message: "${'x'.repeat(5_000)}" }`,
      });
    expect(lines).toHaveLength(1);
    expect(lines[0]!.length).toBeLessThan(700);
  });

  it('tells a failed attempt in one line, with a stack only where it is a defect', () => {
    const log = createLogger({ logLevel: 'info', logFormat: 'json' });
    const meta = { activityType: 'listNics', attempt: 2, workflowId: `nics/${SERVER}` };
    log.warn('Activity failed', {
      ...meta,
      error: ApplicationFailure.retryable('HTTP 503', 'CloudUnavailable'),
    });
    log.warn('Activity failed', { ...meta, error: new TypeError('oops') });
    log.warn('Workflow failed', { error: new Error('refused') });
    const told = lines.map((line) => parsed(line) as { msg: string; error: { stack?: string } });
    expect(told.map(({ msg }) => msg)).toEqual([
      'attempt 2 of listNics has failed: HTTP 503',
      'attempt 2 of listNics has failed: oops',
    ]);
    expect(told.map(({ error }) => error.stack !== undefined)).toEqual([false, true]);
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
        level: 'warn',
        service: 'ecs-nics-worker',
        time: expect.any(String) as string,
        msg: expect.stringContaining('pino-pretty') as string,
      },
      {
        level: 'info',
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
    expect(JSON.parse(lines[0]!)).toMatchObject({ msg: `it says ${text}`, workflowId: text });
  });

  it.each(Object.entries(FOREIGN))('drops %s on a terminal', (_trap, text) => {
    const written: string[] = [];
    const pretty = () => ({ write: (line: string) => written.push(line) });
    createLogger({ logLevel: 'info', logFormat: 'pretty' }, () => pretty).info('it says', {
      workflowId: text,
    });
    const { workflowId } = JSON.parse(written.join('')) as { workflowId: string };
    expect(workflowId).toMatch(/^web[^]*-01$/);
    expect(UNSEEN.test(workflowId.replaceAll('\n', ''))).toBe(false);
  });
});
