// Nearest-neighbour field (Kolkin, Kucera, Paris, Sykora, Shechtman, Shakhnarovich 2022, "Neural Neighbor Style Transfer",
// sections 3.2 and 3.3): w * the mean over N positions p of 1 - cos(X_p, Y_f(p)), X the picture's hypercolumns, Y the style
// images', f(p) which of them is nearest to the content's at p: the one with the largest cos(c_p - mean of c, Y_j - mean
// of Y). Every layer is divided by its channels, so that wide ones do not outweigh the others.
//
// The field is made once, when targets are there: of the content alone, at every cell of a grid of a quarter of the
// picture's height and width. (There it is of a blend with the picture as the scale began, which a run that goes on does
// not have any more.) Y are drawn once, shared among the images by their blends. So an iteration matches nothing: it
// draws cells of the grid by lot, and looks up what they should become.
//
//   cells, panels, nearest and matched are said in sliced_wasserstein.cpp and nearest.cpp
//   look_up       in: what nearest made of the cells of a grid, as that grid, other: positions; out: of each, what its cell
//                 has
#include <algorithm>

#include "hypercolumns.h"

namespace scumble {
namespace {

constexpr int kCell = 4;  // pixels of the picture

Shape grid_of(const Graph& graph) {
  const Shape picture = graph.optimised();
  return {2, std::max(1, picture.height / kCell), std::max(1, picture.width / kCell)};
}

int cells_of(const Graph& graph) {
  return static_cast<int>(grid_of(graph).positions());
}

class NearestField final : public Loss {
 public:
  bool looks_at_several() const override { return true; }
  bool joins_targets() const override { return true; }
  bool takes_sources() const override { return true; }
  bool takes_masks() const override { return true; }
  bool divides_by_channels() const override { return true; }
  std::vector<std::string> parameters() const override { return {"samples", "styleSamples"}; }

  std::vector<BufferId> describe(Graph& graph, const Site& at) const override {
    if (at.target->source) {
      Step cells{};
      cells.op = "cells";
      cells.in = graph.dense(grid_of(graph));  // for its shape
      cells.out = graph.dense({2, cells_of(graph), 1});
      graph.emit(cells);
      return {sample(graph, at, cells.out, cells_of(graph))};
    }
    const int count = style_samples_of(graph, at, at.target->blend);
    return {sample(graph, at, draw(graph, at, count, graph.seed(at)), count)};
  }

  void measure(Graph& graph, Site& at) const override {
    const int channels = channels_of(at);
    const Shape cells{channels, cells_of(graph), 1};
    const Shape samples{channels, all_style_samples_of(graph, at), 1};
    const BufferId content = graph.target(at, BufferKind::dense, cells);
    const BufferId style = graph.target(at, BufferKind::dense, samples);
    const BufferId directions = graph.dense(samples);
    prepare_directions(graph, style, samples, directions);
    prepare_directions(graph, content, cells, content);
    Step field = nearest_of(graph, content, cells, panels_of(graph, directions, samples));
    field.out = graph.dense(grid_of(graph));
    graph.prepare(field);
    prepare_units(graph, style);

    const int n = samples_of(graph, at);
    const Shape rows{channels, n, 1};
    Place grid;
    grid.shape = grid_of(graph);
    grid.features = field.out;
    grid.guide = graph.guide_on(at, grid.shape);
    const BufferId positions = draw_on(graph, at, grid, n, graph.seed(at));
    Step look_up{};
    look_up.op = "look_up";
    look_up.in = field.out;
    look_up.other = positions;
    look_up.out = graph.dense({2, n, 1});
    graph.emit(look_up);
    const BufferId hypercolumns = sample(graph, at, positions, n);
    const BufferId ours = unit_rows(graph, hypercolumns, rows);
    const BufferId gradient = matched(graph, at, ours, rows, style, look_up.out);
    at.kept = {unit_rows_back(graph, gradient, hypercolumns, rows), positions};
  }

  void differentiate(Graph& graph, Site& at) const override {
    contribute_samples(graph, at, at.kept[0], at.kept[1]);
  }
};

const LossKind kNearestField("nearest-field", std::make_unique<NearestField>());

}  // namespace
}  // namespace scumble
