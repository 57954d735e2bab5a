import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

// Arrows between folders: contract <- workflows <- worker; contract <- activities -> ecs; the starter knows only the
// contract and the Temporal client; the simulator knows nothing of src. One rule per arrow.
const arrow = (files, group, message, extra = {}) => ({
  files,
  rules: {
    '@typescript-eslint/no-restricted-imports': ['error', { patterns: [{ group, message, ...extra }] }],
  },
});
// From a folder's own files, and from those one floor below.
const above = (...names) => names.flatMap((name) => [`../${name}`, `../../${name}`]);
const NODE_AND_EFFECTS = [
  'node:*',
  'fs',
  'crypto',
  'os',
  'path',
  'zod',
  'pino',
  'undici',
  'commander',
  'fastify',
];

export default tseslint.config(
  { ignores: ['lib/', 'node_modules/', 'coverage/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.mts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/require-await': 'off',
    },
  },
  arrow(
    ['src/contract/**'],
    [
      ...NODE_AND_EFFECTS,
      '@temporalio/*',
      ...above('workflows/*', 'activities/*', 'ecs/*', 'cli/*', 'worker', 'starter'),
    ],
    'The contract has no runtime dependency and imports nothing but itself.',
  ),
  arrow(
    ['src/workflows/**'],
    [
      ...NODE_AND_EFFECTS,
      '@temporalio/worker',
      '@temporalio/client',
      '@temporalio/activity',
      '@temporalio/testing',
      ...above('ecs/*', 'cli/*', 'client/*', 'worker', 'starter'),
    ],
    'Workflows are deterministic and lean: only the contract and @temporalio/workflow.',
  ),
  {
    // What the sandbox neither patches nor blocks.
    files: ['src/workflows/**'],
    rules: {
      'no-restricted-globals': [
        'error',
        'process',
        'console',
        'fetch',
        'setInterval',
        'setImmediate',
        'performance',
        'crypto',
        'require',
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'MetaProperty', message: 'import.meta differs between workers: not deterministic.' },
        {
          selector: 'Program > VariableDeclaration[kind!="const"]',
          message: 'No mutable state at module level: it is shared by all runs.',
        },
      ],
    },
  },
  arrow(
    ['src/activities/**'],
    [...above('workflows/*', 'cli/*', 'worker', 'starter'), '@temporalio/workflow', '@temporalio/worker'],
    'Activities know the contract and the cloud client.',
  ),
  arrow(
    ['src/ecs/**'],
    [
      ...above('workflows/*', 'activities/*', 'cli/*', 'worker', 'starter', 'contract', 'contract/*'),
      '@temporalio/*',
    ],
    'The cloud client knows nothing of Temporal or of the product around it.',
  ),
  arrow(
    ['src/starter.ts', 'src/cli/**'],
    [
      '**/workflows',
      '**/workflows/*',
      '**/activities/*',
      '**/ecs/*',
      '**/worker',
      '@temporalio/worker',
      '@temporalio/workflow',
      '@temporalio/activity',
    ],
    'The starter knows only the contract and the Temporal client.',
  ),
  arrow(
    ['simulator/**'],
    ['../src/*', '../../src/*', '**/src/**', '@temporalio/*'],
    'The simulator knows nothing of src.',
  ),
  {
    files: ['test/**', 'bench/**', 'dev/**'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
  prettier,
);
