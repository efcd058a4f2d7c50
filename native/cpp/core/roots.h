// What takes the place of Newton-Schulz iterations where matrices get roots and inverses.
//
// The iteration x -> x (3 - x^2) / 2 goes to the sign of x (Higham 2008, "Functions of Matrices", section 5.3). Twelve of them
// (N) bring what is above 0.02 to 1 and multiply the least by 1.5^12 = 130. Of a symmetric positive matrix S, divided by
// its Frobenius norm f so that no eigenvalue exceeds 1, twelve coupled iterations make the root with eigenvalues
// f^1/2 x N(x), x = (eigenvalue of S / f)^1/2; and of a matrix Y the inverse N(y) / (y f), y = eigenvalue of Y / f.
//
// N(x) / x is a polynomial P of x^2. So with U = S / f the root is f^1/2 U P(U), and with U = (Y / f)^2 the inverse is P(U) / f. P is
// gathered factor by factor (W), and U becomes U W^2: made of itself alone, so that all products are symmetric up to
// rounding and half of each is enough. The coupled iterations would not bear that: rounding in their product Z Y is large
// where S is small, and goes out again only if that product is whole.
//
// Four factors take half the products of twelve iterations: they were fitted to N (least squares of the relative error, weighted
// again and again to where it is largest), and are within 4e-6 of it everywhere from 0 to 1.
#pragma once

namespace scumble {

// The first: W = kFirstAtZero I - kFirstSlope U.
constexpr float kFirstAtZero = 4.820586f;
constexpr float kFirstSlope = 4.677768f;

// The others: with V = U / half - I, whose eigenvalues are then within -1 and 1, which keeps rounding small,
// W = c0 I + c1 V + V^2 (c2 I + c3 V + c4 V^2).
struct Factor {
  float half;
  float c[5];
};
constexpr Factor kFactors[] = {
    {1.82f, {1.287437f, 0.6944216f, -2.984724f, -3.366743f, 5.708912f}},
    {1.82f, {0.5777201f, -0.2557309f, 0.1470741f, -0.277953f, 0.2197599f}},
    {0.31f, {1.748419f, -0.6796314f, 0.2447983f, -0.04739314f, 0.00381921f}},
};

}  // namespace scumble
