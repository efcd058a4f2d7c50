// Draws a cat as a hurried hand would, with a felt pen and three crayons: wobbly lines that do not quite meet, and
// flat fills that do not quite fit them.
import { hex } from './picture.mjs';
import { clamp, fractal, hash2, makeRandom, noise, smoothstep } from './random.mjs';
import { curve, Sheet } from './sheet.mjs';

const WIDTH = 512;
const HEIGHT = 480;
const paper = hex('#f6f3ea');
const pen = hex('#25222b');
const orange = hex('#f0a04b');
const white = hex('#fbf4e4');
const green = hex('#9cc26a');
const yellow = hex('#f6d04f');
const pink = hex('#ee9a98');
const blue = hex('#8fbfe0');

// Outlines, in the order in which they were drawn.
const HEAD = [
  [168, 196],
  [150, 150],
  [146, 92],
  [188, 118],
  [226, 112],
  [262, 116],
  [306, 86],
  [304, 146],
  [292, 196],
  [262, 226],
  [226, 234],
  [190, 224],
  [166, 194],
];
const BODY = [
  [186, 222],
  [164, 262],
  [146, 318],
  [142, 372],
  [154, 412],
  [200, 424],
  [262, 425],
  [318, 420],
  [336, 384],
  [332, 320],
  [304, 262],
  [272, 222],
];
const TAIL = [
  [330, 398],
  [372, 402],
  [412, 380],
  [426, 336],
  [408, 296],
  [420, 268],
  [446, 262],
  [456, 286],
  [440, 306],
  [452, 350],
  [436, 404],
  [386, 436],
  [322, 424],
];
const BELLY = [
  [222, 268],
  [198, 310],
  [196, 362],
  [222, 392],
  [258, 388],
  [276, 350],
  [268, 300],
  [240, 266],
];
const LINES = [
  {
    points: [
      [208, 330],
      [204, 376],
      [196, 416],
      [176, 430],
      [212, 434],
      [228, 420],
      [226, 376],
    ],
  },
  {
    points: [
      [262, 326],
      [262, 374],
      [264, 420],
      [250, 434],
      [290, 434],
      [298, 418],
      [292, 372],
    ],
  },
  {
    points: [
      [160, 140],
      [168, 116],
      [186, 130],
    ],
    width: 3.4,
  },
  {
    points: [
      [270, 130],
      [290, 108],
      [292, 140],
    ],
    width: 3.4,
  },
  {
    points: [
      [216, 190],
      [226, 196],
      [238, 188],
      [228, 204],
      [216, 191],
    ],
    width: 4,
  },
  {
    points: [
      [228, 204],
      [226, 214],
      [212, 220],
      [202, 212],
    ],
    width: 3.6,
  },
  {
    points: [
      [227, 213],
      [240, 220],
      [254, 210],
    ],
    width: 3.6,
  },
  {
    points: [
      [190, 200],
      [150, 196],
      [112, 186],
    ],
    width: 2.6,
  },
  {
    points: [
      [190, 207],
      [148, 212],
      [106, 216],
    ],
    width: 2.6,
  },
  {
    points: [
      [264, 200],
      [306, 194],
      [350, 182],
    ],
    width: 2.6,
  },
  {
    points: [
      [264, 208],
      [310, 210],
      [352, 216],
    ],
    width: 2.6,
  },
  {
    points: [
      [212, 118],
      [214, 134],
      [212, 144],
    ],
    width: 4.4,
  },
  {
    points: [
      [228, 114],
      [228, 136],
      [229, 150],
    ],
    width: 4.4,
  },
  {
    points: [
      [244, 117],
      [242, 132],
      [244, 142],
    ],
    width: 4.4,
  },
  {
    points: [
      [310, 290],
      [290, 298],
      [276, 300],
    ],
    width: 4.4,
  },
  {
    points: [
      [326, 326],
      [302, 330],
      [288, 332],
    ],
    width: 4.4,
  },
  {
    points: [
      [330, 360],
      [310, 362],
      [296, 362],
    ],
    width: 4.4,
  },
  {
    points: [
      [158, 292],
      [170, 298],
      [182, 299],
    ],
    width: 4.4,
  },
  {
    points: [
      [148, 330],
      [164, 334],
      [176, 334],
    ],
    width: 4.4,
  },
  {
    points: [
      [430, 330],
      [444, 326],
      [452, 330],
    ],
    width: 4,
  },
  {
    points: [
      [424, 368],
      [438, 374],
      [448, 380],
    ],
    width: 4,
  },
];
const SUN = { x: 68, y: 70, r: 34 };

/** Fills an outline with a crayon, shifted a little, with its edge rough and the paper's tooth showing. */
function crayon(sheet, outline, color, [shiftX, shiftY], slant) {
  const rough = outline.map(([x, y]) => [
    x + shiftX + 4 * noise(x * 0.06 + shiftX, y * 0.06),
    y + shiftY + 4 * noise(x * 0.06, y * 0.06 + shiftX),
  ]);
  sheet.region(rough, (x, y) => {
    const along = x * Math.cos(slant) + y * Math.sin(slant);
    const across = y * Math.cos(slant) - x * Math.sin(slant);
    const stripes = noise(along * 0.02, across * 0.22 + shiftX);
    const tooth = hash2(x * 2, y * 2) * 0.35 + noise(x * 0.9, y * 0.9) * 0.4;
    return [...color, 0.94 - 0.5 * smoothstep(0.1, 0.7, stripes * 0.75 + tooth * 0.6)];
  });
}

/** A felt pen's line: it trembles, presses unevenly, and overshoots its end. */
function line(sheet, random, points, width = 5.2, color = pen) {
  const seed = random() * 300;
  const shaky = curve(points).map(([x, y], i) => [
    x + 4 * noise(i * 0.09, seed) + 0.9 * noise(i * 0.4, seed + 7),
    y + 4 * noise(i * 0.09, seed + 50) + 0.9 * noise(i * 0.4, seed + 57),
  ]);
  const press = (s) => width * (0.86 + 0.3 * noise(s * 7, seed) + 0.12 * noise(s * 40, seed));
  const ends = (s) => clamp(0.55 + 9 * s) * clamp(0.45 + 8 * (1 - s));
  sheet.stroke(
    shaky,
    (s) => press(s) * ends(s),
    (_s, across, x, y) => [
      ...color,
      0.96 -
        0.3 * smoothstep(0.75, 1, Math.abs(across)) -
        0.25 * smoothstep(0.3, 0.8, noise(x * 0.7, y * 0.7)),
    ],
  );
}

export function drawCat() {
  const random = makeRandom(6);
  const sheet = new Sheet(WIDTH, HEIGHT, 2, paper);
  sheet.fill((x, y) =>
    paper.map((c) => c + 0.012 * fractal(x * 0.03, y * 0.03, 3) + 0.012 * noise(x * 0.5, y * 0.5)),
  );
  const ground = [
    [0, 430],
    [90, 420],
    [200, 428],
    [330, 422],
    [430, 430],
    [520, 420],
    [520, 500],
    [-10, 500],
  ];
  crayon(sheet, ground, green, [0, 0], 0.1);
  const round = Array.from({ length: 24 }, (_, i) => {
    const angle = (i / 24) * Math.PI * 2;
    return [SUN.x + Math.cos(angle) * SUN.r, SUN.y + Math.sin(angle) * SUN.r * 0.94];
  });
  crayon(sheet, round, yellow, [3, 2], -0.6);
  crayon(sheet, curve(TAIL), orange, [-3, 3], 0.5);
  crayon(sheet, curve([...BODY, BODY[0]]), orange, [5, -2], 0.9);
  crayon(sheet, curve([...BELLY, BELLY[0]]), white, [2, 4], 0.3);
  crayon(sheet, curve(HEAD), orange, [-5, 3], 0.7);
  const ball = round.map(([x, y]) => [(x - SUN.x) * 0.86 + 86, (y - SUN.y) * 0.86 + 400]);
  crayon(sheet, ball, blue, [-2, 3], 0.4);
  crayon(
    sheet,
    [
      [216, 190],
      [239, 188],
      [228, 204],
    ],
    pink,
    [1, 1],
    0,
  );

  line(sheet, random, TAIL);
  line(sheet, random, BODY);
  line(sheet, random, HEAD);
  for (const { points, width } of LINES) line(sheet, random, points, width);
  for (const [x, y] of [
    [196, 168],
    [262, 166],
  ]) {
    const lid = [
      [x - 17, y + 2],
      [x - 4, y - 14],
      [x + 14, y - 6],
      [x + 16, y + 6],
      [x, y + 13],
      [x - 15, y + 5],
      [x - 14, y - 3],
    ];
    crayon(sheet, curve(lid), yellow, [1, 0], 0.4);
    line(sheet, random, lid, 3.8);
    line(
      sheet,
      random,
      [
        [x + 1, y - 10],
        [x + 3, y],
        [x + 1, y + 10],
        [x - 1, y],
        [x + 2, y - 8],
      ],
      4.6,
    );
  }
  line(sheet, random, [...round, round[0], round[1], round[2]], 4);
  for (let i = 0; i < 11; i++) {
    const angle = (i / 11) * Math.PI * 2 + 0.2;
    const [near, far] = [SUN.r + 9 + 4 * random(), SUN.r + 24 + 12 * random()];
    const ray = (r, turn) => [SUN.x + Math.cos(angle + turn) * r, SUN.y + Math.sin(angle + turn) * r];
    line(sheet, random, [ray(near, 0), ray((near + far) / 2, 0.05), ray(far, 0)], 4);
  }
  line(sheet, random, [...ball, ball[0], ball[1], ball[2]], 4.4);
  for (const bend of [-14, -2, 12]) {
    line(
      sheet,
      random,
      [
        [62, 396 + bend],
        [86, 390 + bend],
        [110, 404 + bend * 0.7],
      ],
      3,
    );
  }
  line(
    sheet,
    random,
    [
      [112, 412],
      [128, 424],
      [142, 440],
      [168, 446],
      [186, 440],
    ],
    3,
  );
  line(sheet, random, ground.slice(0, 6), 4.6);
  for (let i = 0; i < 26; i++) {
    const [x, y] = [random.between(4, 508), random.between(436, 474)];
    if (x > 130 && x < 345 && y < 446) continue;
    line(
      sheet,
      random,
      [
        [x, y],
        [x + random.between(-4, 2), y - 9],
        [x + random.between(-7, 5), y - 18],
      ],
      3,
      hex('#4b7a39'),
    );
  }
  return sheet.finish(0.006);
}
