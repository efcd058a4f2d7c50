// A run on a GPU that is left at some iteration and gone on from there, in the same bytes; on the stand-in for the CUDA runtime.

import { join } from 'node:path';
import test from 'ava';
import { folder } from './support/runs.js';
import { onStandIn, printed, run } from './support/stand-in.js';

test.before('the card is checked', async (t) => {
  if (onStandIn === test) t.deepEqual((await run(t, {}, {})).warnings, []);
});

onStandIn('twenty states over a pyramid end in the same bytes', async (t) => {
  const wrong = await printed<{ compared: number; wrong: string[] }>(
    t,
    {},
    `
    const engine = await Engine.open({ device: 'cuda' });
    const wrong = [];
    let compared = 0;
    let seed = 7;
    const random = (below) => (seed = (seed * 48271) % 2147483647) % below;
    for (const changes of [{ optimizer: 'lbfgs', history: 2 }, { optimizer: 'adam', averaging: 0.8 }]) {
      const options = {
        ...base, content: wave(12, 10), style: wave(11, 12, 3), size: 12, scales: 2, minSize: 8, iterations: 5, ...changes,
      };
      const whole = await Run.start(engine, options);
      const states = [];
      while (await whole.next()) states.push(await whole.state());
      const { data } = await whole.finish();
      await whole.dispose();
      for (let i = 0; i < 10; i++) {
        const at = random(states.length);
        const again = await Run.start(engine, options, structuredClone(states[at]));
        const picture = await again.finish();
        await again.dispose();
        compared++;
        if (Buffer.compare(Buffer.from(data.buffer), Buffer.from(picture.data.buffer)) !== 0)
          wrong.push(changes.optimizer + ' from ' + at);
      }
    }
    await engine.close();
    console.log(JSON.stringify({ compared, wrong }));
    `,
  );
  t.deepEqual(wrong, { compared: 20, wrong: [] });
});

onStandIn('checkpoints end in the same bytes, and go on on the CPU with a note', async (t) => {
  const said = await printed<{ same: boolean[]; notes: string[]; width: number }>(
    t,
    {},
    `
    const { copyFile, mkdtemp } = await import('node:fs/promises');
    const folder = await mkdtemp(${JSON.stringify(join(folder, 'checkpoint-'))});
    const images = { content: wave(12, 10), style: wave(11, 12, 3) };
    const checkpoint = folder + '/run.ckpt';
    const options = {
      ...base, ...images, size: 12, scales: 2, minSize: 8, iterations: 3, history: 2, checkpoint, checkpointEvery: 1,
    };
    const engine = await Engine.open({ device: 'cuda' });
    const whole = await Run.start(engine, options);
    const copies = [];
    while (await whole.next()) {
      await whole.saveCheckpoint();
      copies.push(checkpoint + '.' + copies.length);
      await copyFile(checkpoint, copies.at(-1));
    }
    const { data } = await whole.finish();
    await whole.dispose();
    const same = [];
    for (const copy of [copies[1], copies[2], copies[4]]) {
      const again = await Run.resume(engine, copy, images);
      const picture = await again.finish();
      await again.dispose();
      same.push(Buffer.compare(Buffer.from(data.buffer), Buffer.from(picture.data.buffer)) === 0);
    }
    await engine.close();
    const notes = [];
    const onWarning = ({ message }) => notes.push(message);
    const cpu = await Engine.open({ device: 'cpu' });
    const elsewhere = await Run.resume(cpu, copies[0], { ...images, onWarning });
    const { width } = await elsewhere.finish();
    await elsewhere.dispose();
    await cpu.close();
    console.log(JSON.stringify({ same, notes, width }));
    `,
  );
  t.deepEqual(said.same, [true, true, true]);
  t.is(said.width, 12);
  t.is(said.notes.length, 1);
  t.regex(
    said.notes[0]!,
    /began on cuda:0, fast and goes on on cpu, \w+, exact: the picture may differ in rounding$/,
  );
});
