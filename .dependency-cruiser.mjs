// The layers, and which of them may know which. Arrows go one way, types included, and there is no circle.
// `npm run check` holds them; test/unit/layers.test.ts shows that it does.

/**
 * Each may import itself, what stands behind it, and nothing else of ours. Tests may import anything, and nothing imports
 * a test.
 */
const LAYERS = {
  'src/contract': [],
  'src/activities/agreement': ['src/contract'],
  'src/workflows/policy': ['src/contract', 'src/activities/agreement'],
  'src/workflows/run': ['src/workflows/policy', 'src/contract', 'src/activities/agreement'],
  'src/workflows/steps': [
    'src/workflows/run',
    'src/workflows/policy',
    'src/contract',
    'src/activities/agreement',
  ],
  // Decommission runs and their pages: they know nothing of the steps of a server's own run.
  'src/workflows/fleet': [
    'src/workflows/run',
    'src/workflows/policy',
    'src/contract',
    'src/activities/agreement',
  ],
  // The recipes.
  'src/workflows/[^/]+[.]ts': [
    'src/workflows/fleet',
    'src/workflows/steps',
    'src/workflows/run',
    'src/workflows/policy',
    'src/contract',
  ],
  // Texts of the cloud are cleaned as everybody's are, and proxies are those of everybody.
  'src/ecs': ['src/contract/(text|proxy)[.]ts'],
  'src/client': ['src/contract'],
  'src/activities/(support/)?[^/]+[.]ts': ['src/activities/agreement', 'src/contract', 'src/ecs'],
  'src/worker': ['src/activities', 'src/client', 'src/contract', 'src/ecs', 'src/version[.]ts'],
  'src/cli/[^/]+[.]ts': ['src/client', 'src/contract', 'src/version[.]ts'],
  'src/cli/ask': ['src/cli/[^/]+[.]ts', 'src/contract'],
  // Next steps name commands, as `ask` writes them.
  'src/cli/show': ['src/cli/ask', 'src/cli/[^/]+[.]ts', 'src/client', 'src/contract'],
  'src/cli/commands': ['src/cli/ask', 'src/cli/show', 'src/cli/[^/]+[.]ts', 'src/client', 'src/contract'],
  'src/starter[.]ts': ['src/cli'],
  'src/worker[.]ts': [
    'src/worker',
    'src/activities',
    'src/client',
    'src/contract',
    'src/ecs',
    'src/version[.]ts',
  ],
  'src/version[.]ts': [],
  // Knows nothing of the code that it is to judge.
  simulator: [],
  scripts: [],
  dev: ['scripts', 'src/contract', 'src/activities/agreement', 'src/ecs'],
  bench: ['dev', 'simulator/compute/nic-states[.]ts', 'src/contract', 'src/ecs'],
  // Draws from the faults that the simulator knows, and reads its ledger; of the bench it takes the naive worker.
  chaos: ['dev', 'simulator', 'bench', 'src/contract', 'src/client'],
};

/** Packages that a layer may use; Node's own modules count as `node:`. Layers that are not named here may use any. */
const PACKAGES = {
  'src/contract': [],
  'src/activities/agreement': [],
  // The digest of a plan.
  'src/workflows/policy': ['@noble/hashes'],
  'src/workflows/run': ['@temporalio/workflow', '@temporalio/common'],
  'src/workflows/steps': ['@temporalio/workflow'],
  'src/workflows/fleet': ['@temporalio/workflow', '@temporalio/common'],
  'src/workflows/[^/]+[.]ts': ['@temporalio/workflow'],
  'src/ecs': ['undici', 'zod', 'node:'],
  'src/client': ['@temporalio/client', '@temporalio/common', '@temporalio/envconfig', 'node:'],
  'src/activities/(support/)?[^/]+[.]ts': ['@temporalio/activity'],
  'src/cli': ['@temporalio/client', 'commander', 'csv-parse', 'picocolors', 'node:'],
  'src/starter[.]ts': [],
  simulator: ['fastify', 'zod', 'node:'],
};

const at = (layer) => `^${layer}${layer.endsWith('[.]ts') ? '$' : '/'}`;
const anyOf = (layers) => layers.map(at).join('|');
const OURS = '^(src|simulator|scripts|dev|bench|chaos|test)/';
/** What was moved or added and has no place in the house yet. */
const STRAY = { path: OURS, pathNot: anyOf([...Object.keys(LAYERS), 'test']) };

const layers = Object.entries(LAYERS).map(([layer, known]) => ({
  name: `layer ${layer}`,
  severity: 'error',
  comment: 'This layer may not know that one: see LAYERS in .dependency-cruiser.mjs.',
  from: { path: at(layer) },
  to: { path: OURS, pathNot: anyOf([layer, ...known]) },
}));

const packages = Object.entries(PACKAGES).flatMap(([layer, names]) => {
  const core = names.includes('node:');
  const named = names.filter((name) => name !== 'node:').map((name) => `node_modules/${name}/`);
  const rule = (what, to) => ({
    name: `${what} in ${layer}`,
    severity: 'error',
    comment: 'This layer may not use that package: see PACKAGES in .dependency-cruiser.mjs.',
    from: { path: at(layer) },
    to,
  });
  const foreign = { path: 'node_modules/', ...(named.length > 0 ? { pathNot: named.join('|') } : {}) };
  return [rule('package', foreign), ...(core ? [] : [rule('Node module', { dependencyTypes: ['core'] })])];
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'circle',
      severity: 'error',
      comment:
        'Two files that need each other are one file, or one of them needs a part that belongs below both.',
      from: {},
      to: { circular: true },
    },
    // A file has a place, whether it imports something, is imported, or neither.
    ...[
      { from: STRAY, to: {} },
      { from: { path: STRAY.pathNot }, to: STRAY },
      { from: { ...STRAY, orphan: true }, to: {} },
    ].map((rule) => ({
      name: 'stray file',
      severity: 'error',
      comment: 'No layer has this file: give it a place in LAYERS of .dependency-cruiser.mjs.',
      ...rule,
    })),
    {
      name: 'development package in src',
      severity: 'error',
      comment: 'What runs in production needs nothing but `dependencies` of package.json.',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'built code',
      severity: 'error',
      comment: 'What the build writes is no part of the house: import its source.',
      from: {},
      to: { path: '^lib/' },
    },
    ...layers,
    ...packages,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.mts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'default'],
    },
  },
};
