/** `npm run chaos`: everything that can go wrong at once, for some minutes, and then a judgement; see docs/chaos.md. */
import { writeFileSync } from 'node:fs';
import { buildNaiveBundle } from '../bench/naive/bundle';
import { closeOnSignals } from '../dev/closing';
import { fact, heading, pc, say } from '../dev/story';
import { play } from './campaign';
import { readExecutions, readFacts } from './collect';
import { keepEvidence } from './evidence';
import { figuresOf, tableOf } from './figures';
import { judge } from './judge/judge';
import { HELP, readOptions, UsageError } from './options';
import { digestOf, planOf, SETTLE_MS } from './plan';
import { Stage } from './stage';
import { World } from './world';

/** Of each rule so many violations are printed; the evidence has them all. */
const PRINTED = 5;

async function main(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (options === null) {
    process.stdout.write(HELP);
    return 0;
  }
  const { seed, minutes, naive } = options;
  const plan = planOf(seed, minutes);
  const digest = digestOf(plan);
  heading(`chaos · ${naive ? 'the naive worker' : 'ours'} · ${minutes} min, seed ${seed}`);
  say(
    pc.dim(
      `  plan ${digest}: ${plan.actions.length} actions; the same seed makes the same plan, and what meets what differs`,
    ),
  );
  if (naive) await buildNaiveBundle();
  const stage = await Stage.open(naive ? 'naive' : 'ours', seed);
  const release = closeOnSignals(stage);
  try {
    const world = new World(stage, plan);
    const began = Date.now();
    const { leftOpen } = await play(world, (line) => say(pc.dim(`  ${line}`)));
    const seconds = Math.round((Date.now() - began) / 1_000);
    const executions = await readExecutions(world);
    const facts = await readFacts(world, executions, leftOpen);
    const violations = judge(facts, SETTLE_MS);
    const figures = figuresOf(world, facts, violations, { plan: digest, seconds });
    heading(`after ${seconds} s`);
    for (const [label, text] of tableOf(figures)) fact(label, text);
    if (options.json !== null)
      writeFileSync(
        options.json,
        `${JSON.stringify({ format: 1, ...figures, found: violations }, null, 1)}\n`,
      );
    const isKept = violations.length > 0 || options.evidence !== null;
    const folder = isKept ? keepEvidence(options.evidence, world, facts, executions, violations) : null;
    if (violations.length === 0) {
      say(pc.green('\n✔ violations: 0'));
      return 0;
    }
    const shown = new Map<string, number>();
    for (const { rule, message } of violations) {
      shown.set(rule, (shown.get(rule) ?? 0) + 1);
      if ((shown.get(rule) ?? 0) <= PRINTED) say(pc.red(`  ${rule}: ${message}`));
    }
    say(pc.red(`\n✘ violations: ${violations.length}; the evidence is in ${folder}`));
    return 1;
  } finally {
    release();
    await stage.close();
  }
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const usage = error instanceof UsageError;
    process.stderr.write(`chaos: ${error instanceof Error ? error.message : String(error)}\n`);
    if (usage) process.stderr.write('Try --help.\n');
    process.exit(usage ? 2 : 1);
  },
);
