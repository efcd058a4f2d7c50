// Nearest neighbours of rows by centred cosine, in double.
#pragma once

#include "../../cpp/core/objective.h"
#include "samples.h"

namespace reference {

inline const double* row(const Matrix& m, size_t i) {
  return m.values.data() + i * m.columns;
}

// Rows away from their mean, of length 1 (or 0), and what their lengths were.
struct Units {
  Matrix rows;
  std::vector<double> lengths;

  explicit Units(const Matrix& of) : rows(of), lengths(of.rows) {
    for (size_t c = 0; c < of.columns; ++c) {
      // Where all are the same, the rounding of their mean must not look like a direction.
      bool same = true;
      double mean = 0;
      for (size_t i = 0; i < of.rows; ++i) {
        mean += of.at(i, c) / static_cast<double>(of.rows);
        same = same && of.at(i, c) == of.at(0, c);
      }
      for (size_t i = 0; i < of.rows; ++i) rows.at(i, c) -= same ? of.at(0, c) : mean;
    }
    for (size_t i = 0; i < of.rows; ++i) {
      lengths[i] = std::sqrt(dot(row(rows, i), row(rows, i), of.columns));
      for (size_t c = 0; c < of.columns && lengths[i] > 0; ++c) rows.at(i, c) /= lengths[i];
    }
  }
};

// Of each row of a the row of b with the largest product less penalty, the first of equals. Lowers `gap` to the
// smallest distance of a best one from any other that is not the same row.
inline std::vector<double> matches(const Matrix& a, const Matrix& b, const std::vector<double>& penalties,
                                   double& gap) {
  const auto same = [&](size_t i, size_t j) {
    return penalties[i] == penalties[j] && std::equal(row(b, i), row(b, i) + b.columns, row(b, j));
  };
  std::vector<double> found;
  for (size_t i = 0; i < a.rows; ++i) {
    std::vector<double> values;
    size_t best = 0;
    for (size_t j = 0; j < b.rows; ++j) {
      values.push_back(dot(row(a, i), row(b, j), a.columns) - penalties[j]);
      if (values[j] > values[best]) best = j;
    }
    // What has no direction is as near to all, and it does not matter which.
    const bool directed = dot(row(a, i), row(a, i), a.columns) > 0;
    for (size_t j = 0; j < b.rows && directed; ++j) {
      if (values[best] - values[j] < gap && !same(best, j)) gap = values[best] - values[j];
    }
    found.push_back(static_cast<double>(best));
  }
  return found;
}

// The same twice, the second time with a penalty for what was taken the first time.
inline std::vector<double> matches(const Matrix& a, const Matrix& b, double occurrence, double& gap) {
  const std::vector<double> found = matches(a, b, std::vector<double>(b.rows), gap);
  if (occurrence == 0) return found;
  std::vector<double> penalties(b.rows);
  const double mean = static_cast<double>(a.rows) / static_cast<double>(b.rows);
  for (const double at : found) penalties[static_cast<size_t>(at)] += occurrence / std::max(1.0, mean);
  return matches(a, b, penalties, gap);
}

// The cells that a nearest-neighbour field has matches for, of a picture.
inline Tensor field_of(const Tensor& picture) {
  return {1, std::max(1, picture.height / 4), std::max(1, picture.width / 4)};
}

// The mean of 1 - cos between hypercolumns at these positions and the style's that are nearest to the content's there;
// `target` are the content's of all cells of the grid, then the style's.
inline Compared nearest_field_loss(const Matrix& x, const Positions& positions, const Tensor& grid,
                                   const std::vector<double>& target) {
  Matrix content(grid.values.size(), x.columns);
  const auto middle = target.begin() + static_cast<ptrdiff_t>(content.values.size());
  content.values.assign(target.begin(), middle);
  Matrix style(static_cast<size_t>(target.end() - middle) / x.columns, x.columns);
  style.values.assign(middle, target.end());
  Compared found;
  found.gradient = Matrix(x.rows, x.columns);
  double gap = std::numeric_limits<double>::infinity();
  const std::vector<double> field =
      matches(Units(content).rows, Units(style).rows, std::vector<double>(style.rows), gap);
  found.kink(gap / 10);
  const double each = 1 / static_cast<double>(x.rows);
  for (size_t i = 0; i < x.rows; ++i) {
    const auto [y, across] = positions[i];
    const size_t cell =
        grid.index(static_cast<int>(y * grid.height), static_cast<int>(across * grid.width), 0);
    found.loss += each * cosine_cost(row(x, i), row(style, static_cast<size_t>(field[cell])), x.columns, each,
                                     &found.gradient.values[i * x.columns]);
  }
  return found;
}

// weight * the mean of 1 - cos between each row of `a` and what it is matched with; `gradient` becomes that of the rows
// that `a` was made of, the matches held.
inline double match_loss(const Units& a, const Matrix& b, const std::vector<double>& found, double weight,
                         Matrix& gradient) {
  const size_t columns = a.rows.columns;
  const double n = static_cast<double>(a.rows.rows);
  gradient = Matrix(a.rows.rows, columns);
  double sum = 0;
  for (size_t i = 0; i < a.rows.rows; ++i) {
    const double* unit = row(a.rows, i);
    const double* match = &b.values[static_cast<size_t>(found[i]) * columns];
    const double cosine = dot(unit, match, columns);
    sum += 1 - cosine;
    for (size_t c = 0; c < columns && a.lengths[i] > 0; ++c)
      gradient.at(i, c) = weight / n * (cosine * unit[c] - match[c]) / a.lengths[i];
  }
  for (size_t c = 0; c < columns; ++c) {
    double mean = 0;
    for (size_t i = 0; i < gradient.rows; ++i) mean += gradient.at(i, c) / n;
    for (size_t i = 0; i < gradient.rows; ++i) gradient.at(i, c) -= mean;
  }
  return weight * sum / n;
}

// What the term draws: of the picture, and of a target image.
struct NearestSamples {
  size_t all;

  NearestSamples(const Tensor& picture, size_t most)
      : all(std::clamp(static_cast<size_t>(picture.height) * static_cast<size_t>(picture.width) / 16,
                       size_t{256}, most)) {}
  static int of_picture(const Tensor& picture) { return static_cast<int>(NearestSamples(picture, 1024).all); }
  static int of(const scumble::Target& target, const Tensor& picture) {
    const double all = static_cast<double>(NearestSamples(picture, 4096).all);
    return static_cast<int>(std::max(1.0, std::round(all * target.blend)));
  }
};

// Rows of a layer where the term number `term` looks in the first evaluation.
inline Positions nearest_positions(size_t term, const Tensor& f, int count,
                                   const std::vector<double>& weights) {
  return draw(static_cast<uint64_t>(term) * 0x9e3779b97f4a7c15U, 0, count, f.height, f.width, weights);
}

// The loss of term number `number`; its gradient is added to `gradient`. `held` are matches to keep, else they are made.
inline double nearest_loss(size_t number, const scumble::Term& term, const Tensor& picture, const Tensor& f,
                           const std::vector<double>& weights, const std::vector<double>& target,
                           const std::vector<double>* held, std::vector<double>& found, double& margin,
                           Tensor& gradient) {
  const Positions positions = nearest_positions(number, f, NearestSamples::of_picture(picture), weights);
  const std::vector<Layer> layers = {{&f, 1}};
  const Units ours(hypercolumns(layers, positions));
  Matrix samples(target.size() / static_cast<size_t>(f.channels), static_cast<size_t>(f.channels));
  samples.values = target;
  const Units theirs(samples);
  double gap = std::numeric_limits<double>::infinity();
  found = held ? *held : matches(ours.rows, theirs.rows, term.parameter("occurrence", 0.05), gap);
  // Cosines are known to a few roundings only.
  margin = std::min(margin, gap / 10);
  Matrix back;
  const double loss = match_loss(ours, theirs.rows, found, term.weight, back);
  hypercolumns_back(back, layers, positions, {&gradient});
  return loss;
}

}  // namespace reference
