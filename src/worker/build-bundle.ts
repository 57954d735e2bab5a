/** Builds the workflow bundle: a worker that bundles at boot needs 1.7 s and 80 MiB more (measured on two cores). */
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/**
 * Limit of the code without the inline source map, in bytes, some 3 % above what it is: a library included by mistake exceeds it.
 * Raised by 5,000 for the release of kept ports, whose code has 6,000.
 */
const MAX_CODE_BYTES = 470_000;
/** Must never be in a bundle: each costs memory in every cached run, or is not deterministic. */
const FORBIDDEN = /node_modules\/(zod|pino|undici|commander|fastify|@temporalio\/(worker|client|activity))\//;

/**
 * Decommission runs have copies of their own of what they share with others: a module that two sides use is part of neither's one
 * module, and every run would load it apart.
 */
const APART = [
  { layer: 'all' },
  { test: /src[\\/]workflows[\\/]decommission/, layer: 'fleet' },
  // The converter is asked for by the SDK, and its class tells what it could not read: there is one of it.
  { issuerLayer: 'fleet', test: /[\\/]src[\\/](?!workflows[\\/]run[\\/]payload-converter)/, layer: 'fleet' },
];

async function main(): Promise<void> {
  const target = join(__dirname, '..', 'workflow-bundle.js');
  const sources = join(__dirname, '..', '..', 'src');
  const { code } = await bundleWorkflowCode({
    // The sources, not the compiled modules: only ES modules can be concatenated into one, and every run loads its
    // modules anew.
    workflowsPath: join(sources, 'workflows', 'index.ts'),
    workflowInterceptorModules: [join(sources, 'workflows', 'interceptors.ts')],
    payloadConverterPath: join(sources, 'workflows', 'run', 'payload-converter.ts'),
    logger: new DefaultLogger('WARN'),
    // Minified to a third of the size; the inline source map keeps stack traces readable.
    webpackConfigHook: (config) => ({
      ...config,
      experiments: { ...config.experiments, layers: true },
      module: { ...config.module, rules: [...(config.module?.rules ?? []), ...APART] },
      optimization: {
        ...config.optimization,
        minimize: true,
        providedExports: true,
        usedExports: true,
        sideEffects: true,
        concatenateModules: true,
      },
    }),
  });
  const [withoutMap = '', map = ''] = code.split(/\/\/# sourceMappingURL=data:[^,]*,/);
  // Minified code no longer names its modules; its source map does.
  const foreign = FORBIDDEN.exec(Buffer.from(map, 'base64').toString());
  if (foreign !== null)
    throw new Error(`the workflow bundle contains ${foreign[1]}: workflows must stay lean`);
  if (withoutMap.length > MAX_CODE_BYTES) {
    throw new Error(
      `the workflow bundle has ${withoutMap.length} bytes of code; at most ${MAX_CODE_BYTES} are allowed`,
    );
  }
  // A worker that starts meanwhile must find the old bundle or the new one, never half of one.
  await writeFile(`${target}.tmp`, code);
  await rename(`${target}.tmp`, target);
  process.stderr.write(`workflow bundle: ${withoutMap.length} bytes of code\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
