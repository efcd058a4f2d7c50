// The public types, as a program that imports 'scumble' sees them; tsc checks this file.

import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { expectTypeOf } from 'expect-type';
import {
  AddonError,
  type Box,
  type ByScale,
  DeviceError,
  type Devices,
  DivergedError,
  DownloadError,
  devices,
  Engine,
  type EngineOptions,
  type ErrorCode,
  type Gpu,
  type Heat,
  ImageError,
  type ImageSource,
  type InspectedLayer,
  type Inspection,
  type InspectOptions,
  inspect,
  type LayerWeights,
  MemoryError,
  OptionError,
  OutputError,
  Picture,
  type Progress,
  type PullOptions,
  type PullProgress,
  pullWeights,
  type RawImage,
  type Recognition,
  type RecognizedClass,
  type RecognizeOptions,
  Run,
  type RunOptions,
  type RunState,
  recognize,
  type SaveOptions,
  ScumbleError,
  type Stage,
  type Stylization,
  type StylizeOptions,
  stylize,
  WeightsError,
} from 'scumble';
import ts from 'typescript';
import type * as z from 'zod';
import * as built from '../dist/index.js';
import type { schema } from '../dist/options/schema.js';

test('what is exported, and nothing else', async (t) => {
  const exports = await import('scumble');
  t.deepEqual(Object.keys(exports).sort(), [
    'AddonError',
    'CheckpointError',
    'DeviceError',
    'DivergedError',
    'DownloadError',
    'Engine',
    'ImageError',
    'MemoryError',
    'OptionError',
    'OutputError',
    'Picture',
    'Run',
    'ScumbleError',
    'WeightsError',
    'devices',
    'estimate',
    'inspect',
    'pullWeights',
    'recognize',
    'resume',
    'score',
    'stylize',
  ]);
  t.is(exports.stylize, built.stylize, "the package's own name leads to what was built");
});

test('stylize', (t) => {
  expectTypeOf(stylize).parameters.toEqualTypeOf<[StylizeOptions]>();
  expectTypeOf(stylize).returns.toEqualTypeOf<Stylization>();
  expectTypeOf<Stylization>().toEqualTypeOf<Promise<Picture> & AsyncIterable<Progress>>();
  expectTypeOf<Awaited<Stylization>>().toEqualTypeOf<Picture>();
  t.pass();
});

test('recognize', (t) => {
  expectTypeOf(recognize).parameters.toEqualTypeOf<[RecognizeOptions]>();
  expectTypeOf(recognize).returns.toEqualTypeOf<Promise<Recognition>>();
  expectTypeOf<{ picture: string }>().toExtend<RecognizeOptions>();
  expectTypeOf<RecognizeOptions['picture']>().toEqualTypeOf<ImageSource>();
  expectTypeOf<RecognizeOptions['top' | 'size' | 'threads']>().toEqualTypeOf<number | undefined>();
  expectTypeOf<RecognizeOptions['crop' | 'download']>().toEqualTypeOf<boolean | undefined>();
  expectTypeOf<Recognition['classes']>().toEqualTypeOf<RecognizedClass[]>();
  expectTypeOf<Recognition['view']>().toEqualTypeOf<Box>();
  expectTypeOf<Recognition['heatMap']>().toEqualTypeOf<(of?: RecognizedClass) => Promise<Picture>>();
  expectTypeOf<RecognizedClass['box']>().toEqualTypeOf<Box | null>();
  expectTypeOf<RecognizedClass['heat']>().toEqualTypeOf<Heat>();
  expectTypeOf<Heat['data']>().toEqualTypeOf<Float32Array>();
  expectTypeOf<PullOptions['classifier']>().toEqualTypeOf<boolean | undefined>();
  t.pass();
});

test('options', (t) => {
  type Required = {
    [K in keyof StylizeOptions]-?: undefined extends StylizeOptions[K] ? never : K;
  }[keyof StylizeOptions];
  expectTypeOf<Exclude<Required, 'content' | 'style'>>().toEqualTypeOf<never>();
  expectTypeOf<{ content: string; style: string }>().toExtend<StylizeOptions>();
  expectTypeOf<StylizeOptions['content']>().toEqualTypeOf<ImageSource>();
  expectTypeOf<StylizeOptions['style']>().toEqualTypeOf<ImageSource | readonly ImageSource[]>();
  expectTypeOf<StylizeOptions['styleBlend']>().toEqualTypeOf<readonly number[] | undefined>();
  expectTypeOf<StylizeOptions['contentLayers']>().toEqualTypeOf<LayerWeights | undefined>();
  expectTypeOf<StylizeOptions['styleLayers']>().toEqualTypeOf<LayerWeights | undefined>();
  expectTypeOf<StylizeOptions['meanStdLayers']>().toEqualTypeOf<LayerWeights | undefined>();
  expectTypeOf<StylizeOptions['histogramLayers']>().toEqualTypeOf<LayerWeights | undefined>();
  expectTypeOf<LayerWeights>().toEqualTypeOf<readonly string[] | Readonly<Record<string, number>>>();
  expectTypeOf<StylizeOptions['optimizer']>().toEqualTypeOf<'lbfgs' | 'adam' | 'rmsprop' | undefined>();
  expectTypeOf<StylizeOptions['pooling']>().toEqualTypeOf<'max' | 'average' | 'l2' | undefined>();
  expectTypeOf<StylizeOptions['preset']>().toEqualTypeOf<string | undefined>();
  expectTypeOf<StylizeOptions['padding']>().toEqualTypeOf<'zero' | 'replicate' | undefined>();
  expectTypeOf<StylizeOptions['rounding']>().toEqualTypeOf<'floor' | 'ceil' | undefined>();
  expectTypeOf<StylizeOptions['signal']>().toEqualTypeOf<AbortSignal | undefined>();
  expectTypeOf<NonNullable<StylizeOptions['onWarning']>>().parameters.toEqualTypeOf<[ScumbleError]>();
  expectTypeOf<StylizeOptions['device']>().toEqualTypeOf<string | undefined>();
  expectTypeOf<StylizeOptions['precision']>().toEqualTypeOf<'exact' | 'balanced' | 'fast' | undefined>();
  expectTypeOf(devices).toEqualTypeOf<() => Promise<Devices>>();
  expectTypeOf<Devices['gpus'][number]>().toEqualTypeOf<Gpu>();
  expectTypeOf<NonNullable<StylizeOptions['onProgress']>>().parameters.toEqualTypeOf<[Progress]>();
  expectTypeOf<ImageSource>().toEqualTypeOf<string | URL | Uint8Array | ArrayBuffer | RawImage>();
  expectTypeOf<Buffer>().toExtend<ImageSource>();
  type Numeric =
    | 'size'
    | 'styleScale'
    | 'poolingScale'
    | 'inputRange'
    | 'history'
    | 'beta1'
    | 'beta2'
    | 'epsilon'
    | 'averaging'
    | 'scales'
    | 'scaleFactor'
    | 'passes'
    | 'minSize'
    | 'seed'
    | 'threads'
    | 'maxPixels';
  expectTypeOf<StylizeOptions[Numeric]>().toEqualTypeOf<number | undefined>();
  type Scaled =
    | 'iterations'
    | 'learningRate'
    | 'contentWeight'
    | 'styleWeight'
    | 'tvWeight'
    | 'meanStdWeight'
    | 'histogramWeight';
  expectTypeOf<StylizeOptions[Scaled]>().toEqualTypeOf<ByScale | undefined>();
  expectTypeOf<ByScale>().toEqualTypeOf<number | readonly (number | '...')[]>();
  t.pass();
});

test('engines and runs', (t) => {
  expectTypeOf(Engine.open).parameters.toEqualTypeOf<[options?: EngineOptions]>();
  expectTypeOf(Engine.open).returns.resolves.toEqualTypeOf<Engine>();
  expectTypeOf<keyof EngineOptions>().toEqualTypeOf<'device' | 'precision' | 'onWarning'>();
  expectTypeOf<EngineOptions>().toEqualTypeOf<{
    device?: string | undefined;
    precision?: StylizeOptions['precision'] | undefined;
    onWarning?: ((warning: ScumbleError) => unknown) | undefined;
  }>();
  expectTypeOf<Engine['device']>().toEqualTypeOf<string>();
  expectTypeOf<Engine['precision']>().toEqualTypeOf<'exact' | 'balanced' | 'fast'>();
  expectTypeOf<Engine['close']>().toEqualTypeOf<() => Promise<void>>();
  expectTypeOf(Run.start).parameters.toEqualTypeOf<[engine: Engine, options: RunOptions, state?: RunState]>();
  expectTypeOf(Run.start).returns.resolves.toEqualTypeOf<Run>();
  expectTypeOf<RunOptions>().toEqualTypeOf<Omit<StylizeOptions, 'device' | 'precision'>>();
  expectTypeOf<Run>().toExtend<AsyncIterable<Progress>>();
  expectTypeOf<Run['next']>().toEqualTypeOf<() => Promise<Progress | undefined>>();
  expectTypeOf<Run['finish']>().toEqualTypeOf<() => Promise<Picture>>();
  expectTypeOf<Run['image']>().toEqualTypeOf<() => Promise<Picture>>();
  expectTypeOf<Run['state']>().toEqualTypeOf<() => Promise<RunState>>();
  expectTypeOf<Run['dispose']>().toEqualTypeOf<() => Promise<void>>();
  expectTypeOf<Run['device']>().toEqualTypeOf<string>();
  expectTypeOf<Run['isDone']>().toEqualTypeOf<boolean>();
  expectTypeOf<Run['stages']>().toEqualTypeOf<readonly Stage[]>();
  expectTypeOf<Pick<Stage, 'size' | 'iterations' | 'averaging' | 'carry'>>().toEqualTypeOf<{
    size: number;
    iterations: number;
    averaging: number;
    carry: 'nothing' | 'moments';
  }>();
  expectTypeOf<RunState>().toEqualTypeOf<{
    vectors: Record<string, Float32Array>;
    numbers: Record<string, number[]>;
  }>();
  const refused = (engine: Engine, state: RunState) => {
    // @ts-expect-error an engine is opened, not made
    new Engine();
    // @ts-expect-error a run is started, not made
    new Run();
    // @ts-expect-error where a run computes is the engine's
    Run.start(engine, { content: 'a.png', style: 'b.png', device: 'cpu' });
    // @ts-expect-error a state is no option
    Run.start(engine, { content: 'a.png', style: 'b.png', state });
    // @ts-expect-error an engine has no size
    Engine.open({ size: 512 });
  };
  t.is(typeof refused, 'function');
});

test('the options are those that are checked', (t) => {
  type Given<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };
  expectTypeOf<Given<StylizeOptions>>().toEqualTypeOf<Given<z.input<typeof schema>>>();
  t.pass();
});

test('an editor shows what an option is, and its default', (t) => {
  const file = fileURLToPath(new URL('program.ts', import.meta.url)); // beside this test, if it were there
  const program = `import type { StylizeOptions } from '../dist/index.js';
    export const { size, styleLayers, signal }: StylizeOptions = { content: 'a.png', style: 'b.png' };`;
  const service = ts.createLanguageService({
    getScriptFileNames: () => [file],
    getScriptVersion: () => '',
    getScriptSnapshot: (name) => {
      const text = name === file ? program : ts.sys.readFile(name);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => dirname(file),
    getCompilationSettings: () => ({ module: ts.ModuleKind.NodeNext, strict: true, noLib: true, types: [] }),
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (name) => name === file || ts.sys.fileExists(name),
    readFile: ts.sys.readFile,
  });
  const shown = (name: string) => {
    const info = service.getQuickInfoAtPosition(file, program.indexOf(name));
    return ts.displayPartsToString(info?.documentation);
  };
  t.is(shown('size'), 'Long side of the picture in pixels, 1..65536. Default: `512`.');
  t.regex(shown('styleLayers'), /statistic.* Default:\s`relu1_1,/s);
  t.regex(shown('signal'), /^Aborts /);
});

test('networks', (t) => {
  expectTypeOf<StylizeOptions['weights']>().toEqualTypeOf<string | undefined>();
  expectTypeOf<StylizeOptions['download']>().toEqualTypeOf<boolean | undefined>();
  expectTypeOf(pullWeights).parameters.toEqualTypeOf<[name: string, options?: PullOptions]>();
  expectTypeOf(pullWeights).returns.resolves.toEqualTypeOf<string>();
  expectTypeOf<NonNullable<PullOptions['onProgress']>>().parameters.toEqualTypeOf<[PullProgress]>();
  expectTypeOf<PullProgress>().toEqualTypeOf<{ received: number; size: number }>();
  expectTypeOf<PullOptions['signal']>().toEqualTypeOf<AbortSignal | undefined>();
  expectTypeOf<DownloadError['network']>().toEqualTypeOf<string>();
  t.pass();
});

test('what the types refuse', (t) => {
  const image = 'a.png';
  const refused = () => {
    // @ts-expect-error no options
    stylize();
    // @ts-expect-error no style
    stylize({ content: image });
    // @ts-expect-error no content
    stylize({ style: image });
    // @ts-expect-error a number is no image
    stylize({ content: 5, style: image });
    // @ts-expect-error nor in a list
    stylize({ content: image, style: [image, 5] });
    // @ts-expect-error raw pixels need their size
    stylize({ content: { data: new Uint8Array(3) }, style: image });
    // @ts-expect-error and five channels there are not
    stylize({ content: { data: new Uint8Array(5), width: 1, height: 1, channels: 5 }, style: image });
    // @ts-expect-error an unknown option
    stylize({ content: image, style: image, iteration: 5 });
    // @ts-expect-error a word for a number
    stylize({ content: image, style: image, size: '512' });
    // @ts-expect-error an unknown optimiser
    stylize({ content: image, style: image, optimizer: 'sgd' });
    // @ts-expect-error an unknown pooling
    stylize({ content: image, style: image, pooling: 'min' });
    // @ts-expect-error one layer is a list of one
    stylize({ content: image, style: image, contentLayers: 'relu4_2' });
    // @ts-expect-error a layer's weight is a number
    stylize({ content: image, style: image, styleLayers: { relu1_1: 'much' } });
    // @ts-expect-error a controller is no signal
    stylize({ content: image, style: image, signal: new AbortController() });
    // @ts-expect-error progress has no percentage
    stylize({ content: image, style: image, onProgress: ({ percent }) => percent });
    stylize({ content: image, style: image }).then((picture) => {
      // @ts-expect-error a picture is not changed in size
      picture.width = 5;
    });
    // @ts-expect-error PNG has no bit depth of 12
    stylize({ content: image, style: image }).then((picture) => picture.save('a.png', { bitDepth: 12 }));
  };
  t.is(typeof refused, 'function');
});

test('progress', (t) => {
  expectTypeOf<Progress['scale']>().toEqualTypeOf<[width: number, height: number]>();
  expectTypeOf<Progress['content']>().toEqualTypeOf<Record<string, number>>();
  expectTypeOf<Progress['style']>().toEqualTypeOf<Record<string, number>>();
  expectTypeOf<Progress['losses']>().toEqualTypeOf<Record<string, number>>();
  expectTypeOf<Progress['image']>().toEqualTypeOf<() => Promise<Picture>>();
  type Numeric =
    | 'scaleIndex'
    | 'scaleCount'
    | 'iteration'
    | 'iterations'
    | 'total'
    | 'tv'
    | 'elapsed'
    | 'remaining';
  expectTypeOf<Progress[Numeric]>().toEqualTypeOf<number>();
  expectTypeOf<keyof Progress>().toEqualTypeOf<
    Numeric | 'scale' | 'scaleDone' | 'losses' | 'content' | 'style' | 'device' | 'image'
  >();
  expectTypeOf<Progress['device']>().toEqualTypeOf<string>();
  t.pass();
});

test('inspections', (t) => {
  expectTypeOf(inspect).parameters.toEqualTypeOf<[given?: InspectOptions]>();
  expectTypeOf(inspect).returns.resolves.toEqualTypeOf<Inspection>();
  expectTypeOf<Inspection['layers']>().toEqualTypeOf<InspectedLayer[]>();
  expectTypeOf<InspectedLayer['kind']>().toEqualTypeOf<'conv' | 'pool'>();
  expectTypeOf<InspectedLayer['relu']>().toEqualTypeOf<string | undefined>();
  expectTypeOf<Exclude<keyof InspectedLayer, 'name' | 'relu' | 'kind'>>().toEqualTypeOf<
    | 'width'
    | 'height'
    | 'channels'
    | 'parameters'
    | 'operations'
    | 'receptiveField'
    | 'stride'
    | 'bytes'
    | 'seconds'
  >();
  t.is(typeof inspect, 'function');
});

test('pictures', (t) => {
  expectTypeOf<Picture['data']>().toEqualTypeOf<Float32Array>();
  expectTypeOf<Picture['alpha']>().toEqualTypeOf<Float32Array | undefined>();
  expectTypeOf<Picture['channels']>().toEqualTypeOf<3 | 4>();
  expectTypeOf<Picture['save']>().parameters.toEqualTypeOf<[path: string, options?: SaveOptions]>();
  expectTypeOf<ReturnType<Picture['save']>>().toEqualTypeOf<Promise<void>>();
  expectTypeOf<ReturnType<Picture['encode']>>().resolves.toEqualTypeOf<Buffer>();
  expectTypeOf<ReturnType<Picture['toRaw']>>().toExtend<RawImage>();
  expectTypeOf<SaveOptions>().toEqualTypeOf<{ bitDepth?: 8 | 16; encoderQuality?: number }>();
  t.is(Picture.name, 'Picture');
});

test('errors', (t) => {
  expectTypeOf<ScumbleError>().toExtend<Error>();
  expectTypeOf<ScumbleError['code']>().toEqualTypeOf<ErrorCode>();
  expectTypeOf<OptionError['value']>().toEqualTypeOf<unknown>();
  expectTypeOf<MemoryError['fittingSize']>().toEqualTypeOf<number>();
  expectTypeOf<DivergedError['picture']>().toEqualTypeOf<Picture>();
  for (const type of [
    OptionError,
    ImageError,
    WeightsError,
    OutputError,
    MemoryError,
    DivergedError,
    DownloadError,
    AddonError,
    DeviceError,
  ]) {
    expectTypeOf<InstanceType<typeof type>>().toExtend<ScumbleError>();
    t.true(type.prototype instanceof ScumbleError);
    t.true(type.prototype instanceof Error);
  }
});
