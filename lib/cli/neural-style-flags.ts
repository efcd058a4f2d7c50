// The flags of jcjohnson/neural-style as options of the preset of that name. Its picture has values 0..256 where Scumble's
// has 0..255, so what is in that unit is converted.

import { OptionError } from '../errors.js';
import type { StylizeOptions } from '../options/options.js';

/** Its flags as parsed, where they are given. */
export interface NeuralStyleFlags {
  styleImage: string;
  contentImage: string;
  outputImage: string;
  styleBlendWeights?: number[];
  imageSize?: number;
  gpu?: string;
  contentWeight?: number;
  styleWeight?: number;
  tvWeight?: number;
  numIterations?: number;
  init?: 'random' | 'image';
  initImage?: string;
  optimizer?: 'lbfgs' | 'adam';
  learningRate?: number;
  lbfgsNumCorrection?: number;
  normalizeGradients?: boolean;
  printIter: number;
  saveIter: number;
  contentLayers?: Record<string, number>;
  styleLayers?: Record<string, number>;
  styleScale?: number;
  originalColors?: number;
  pooling?: 'max' | 'avg';
  protoFile?: string;
  modelFile?: string;
  backend?: string;
  cudnnAutotune?: boolean;
  multigpuStrategy?: string;
  seed?: number;
}

/** Our unit in its own. */
const UNIT = 256 / 255;

/** The network that it is told of by default. */
const MODEL = /(^|[/\\])VGG_ILSVRC_19_layers\.caffemodel$/;

/** The options, and sentences on flags that mean nothing here. @throws OptionError for a network in its format */
export function optionsOf(flags: NeuralStyleFlags): { options: StylizeOptions; ignored: string[] } {
  const ignored: string[] = [];
  const without = (flag: string, given: unknown, why: string) => {
    if (given !== undefined) ignored.push(`-${flag} is ignored: ${why}`);
  };
  without('proto_file', flags.protoFile, 'a network says itself what it is');
  without('backend', flags.backend, 'Scumble has its own');
  without('cudnn_autotune', flags.cudnnAutotune, 'there is no cuDNN here');
  without('multigpu_strategy', flags.multigpuStrategy, 'a run is on one device');
  if (flags.optimizer !== 'adam') without('learning_rate', flags.learningRate, 'it is of -optimizer adam');
  if (flags.optimizer === 'adam') without('lbfgs_num_correction', flags.lbfgsNumCorrection, 'it is of lbfgs');
  if (flags.seed !== undefined && flags.seed < 0) without('seed', flags.seed, 'a run without one has seed 0');
  if (flags.init !== 'image') without('init_image', flags.initImage, 'it is of -init image');
  if (flags.gpu?.includes(',')) ignored.push('-gpu: only the first is used: a run is on one device');
  const options: Partial<StylizeOptions> = {
    preset: 'neural-style',
    content: flags.contentImage,
    style: flags.styleImage.split(','),
    ...given('styleBlend', flags.styleBlendWeights),
    ...given('size', flags.imageSize),
    ...given('device', flags.gpu && deviceOf(flags.gpu)),
    ...given('contentWeight', flags.contentWeight),
    ...given('styleWeight', flags.styleWeight),
    ...given('tvWeight', flags.tvWeight && flags.tvWeight * UNIT ** 2),
    ...given('iterations', flags.numIterations),
    ...given('init', flags.init === 'image' ? (flags.initImage ?? 'content') : undefined),
    ...given('optimizer', flags.optimizer),
    ...(flags.optimizer === 'adam' && given('learningRate', flags.learningRate && flags.learningRate / UNIT)),
    ...(flags.optimizer !== 'adam' && given('history', flags.lbfgsNumCorrection || undefined)),
    ...given('normalizeGradients', flags.normalizeGradients),
    ...given('contentLayers', flags.contentLayers),
    ...given('styleLayers', flags.styleLayers),
    ...given('styleScale', flags.styleScale),
    ...given('finish', flags.originalColors === 1 ? 'content-chrominance' : undefined),
    ...given('pooling', flags.pooling === 'avg' ? 'average' : flags.pooling),
    ...given('weights', flags.modelFile === undefined ? undefined : networkOf(flags.modelFile)),
    ...given('seed', flags.seed !== undefined && flags.seed >= 0 ? flags.seed : undefined),
  };
  return { options: options as StylizeOptions, ignored };
}

function given<K extends keyof StylizeOptions>(name: K, value: StylizeOptions[K] | '' | undefined) {
  return value === undefined || value === '' ? {} : { [name]: value };
}

/** -1 is the CPU; else a GPU's number, or several of which the first counts. */
function deviceOf(gpu: string): string {
  const [first] = gpu.split(',');
  return first === '-1' ? 'cpu' : `cuda:${first}`;
}

function networkOf(modelFile: string): string {
  if (MODEL.test(modelFile)) return 'vgg19';
  if (!modelFile.endsWith('.caffemodel')) return modelFile;
  throw new OptionError(
    'modelFile',
    modelFile,
    `-model_file ${modelFile} is a Caffe model: convert it by scumble weights import, and give what that writes`,
  );
}
