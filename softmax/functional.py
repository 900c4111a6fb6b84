r"""Softmax, its logarithm, its normalizer and its derivatives, in plain NumPy.

What is computed for one slice is the same everywhere:

1. shift: subtract the largest entry, so that no exponential overflows;
2. exponentiate;
3. divide by the sum, or, in log space, subtract its logarithm.

In four lines, for one slice `x`::

    z = x - x.max()
    e = np.exp(z)
    p = e / e.sum()
    log_p = z - np.log(e.sum())

``_rowwise.py`` has these steps, accurate and fast, for slices that are the rows of a matrix, and
the way from an array of any shape to such rows.

Three rules hold for every function. The input is never modified. Boolean and integer input is
computed in float64; every floating dtype is kept, where float16 is computed in float32 and rounded
once at the end, and ``longdouble`` in its own precision (whatever that is on the machine). An array
with masked entries (`numpy.ma`) is a TypeError, which says what to pass instead: its mask would be
lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from softmax._rowwise import (
    log_softmax_rows,
    log_softmax_vector,
    logsumexp_rows,
    map_blocks,
    map_slices,
    shifted_max_and_tail,
    softmax_rows,
    softmax_vector,
)
from softmax._validation import (
    check_count,
    check_labels,
    excluded_mask,
    float_dtype,
    move_axes_last,
    real_array,
    working_dtype,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# What to pass in place of an array with masked entries.
_BY_WHERE = "To leave these entries out, pass x.data and where=~np.ma.getmaskarray(x)."


def softmax(
    x: ArrayLike,
    axis: int | tuple[int, ...] | None = -1,
    *,
    temperature: float = 1.0,
    where: ArrayLike | None = None,
) -> np.ndarray | Any:
    r"""Turn real numbers into probabilities, slice by slice.

    .. math:: p_i = \frac{e^{x_i/T}}{\sum_j e^{x_j/T}}

    Parameters
    ----------
    x : array_like of bool, int or float
        The logits, of any shape.
    axis : int, tuple of int or None, default -1
        The axis or axes along which the probabilities sum to 1. None means all of them.
    temperature : float, default 1.0
        :math:`T > 0`, as a number or in an array without axes. A small one moves the result
        towards one-hot, a large one towards uniform.
    where : array_like of bool, optional
        Mask that broadcasts to the shape of `x`; False leaves an entry out. It gets probability
        exactly 0, whatever it holds.

    Returns
    -------
    ndarray or scalar
        The probabilities, of the shape of `x`: a scalar for a single number. The dtype is that of
        `x`, or float64 if it holds integers.

    Raises
    ------
    TypeError
        If `x` does not hold real numbers or has masked entries, `where` is not boolean, or `axis`
        does not hold integers.
    ValueError
        If `temperature` is not a finite number > 0, `where` does not broadcast to `x`, or an axis
        is repeated.
    numpy.exceptions.AxisError
        If `x` has no such axis.

    See Also
    --------
    log_softmax : Its logarithm, also where softmax underflows to 0.
    logsumexp : The logarithm of its denominator.
    sigmoid : The softmax of two classes.
    softmax_vjp : Its derivative.

    Notes
    -----
    A NaN that is not masked makes its whole slice NaN, and no other slice. Otherwise one +inf
    takes probability 1, and several share it equally. A slice of nothing but -inf is NaN, since
    no entry can be preferred; a slice that is masked throughout is all zeros. The result
    for an axis of length 0 is empty. No warning is printed.

    Accuracy: the relative error of a probability that is a normal number is at most
    ``(8 + 2*(max(x) - x_i)/T) * eps``, ``eps`` being that of the result's dtype. The second part
    is the conditioning of the exponential: a rounding of its argument is a relative error of its
    value; [1]_ has the analysis. The first part was measured for slices of up to 10,000 entries:
    7.3 at most, for 15 entries of which one is about 6.7 above the others, and below 6 for every
    other length. The shift comes before the division by the temperature, which could overflow.

    Memory: the result, and a block of about half a megabyte or of one slice, whichever is
    larger.

    References
    ----------
    .. [1] P. Blanchard, D. J. Higham and N. J. Higham, "Accurately computing the log-sum-exp
       and softmax functions", IMA Journal of Numerical Analysis 41(4), 2021,
       :doi:`10.1093/imanum/draa038`.

    Examples
    --------
    >>> softmax([1000.0, 1000.0])
    array([0.5, 0.5])
    >>> softmax([1.0, 2.0, 3.0], where=[True, True, False]).round(4)
    array([0.2689, 0.7311, 0.    ])
    """
    x = real_array(x, masked=_BY_WHERE)
    kernels = softmax_vector, softmax_rows
    return map_slices(kernels, x, axis, temperature, where, 0.0)


def log_softmax(
    x: ArrayLike,
    axis: int | tuple[int, ...] | None = -1,
    *,
    temperature: float = 1.0,
    where: ArrayLike | None = None,
) -> np.ndarray | Any:
    r"""Logarithm of softmax, also where softmax itself underflows to 0.

    .. math:: \log p_i = x_i/T - \log \sum_j e^{x_j/T}

    Parameters
    ----------
    x : array_like of bool, int or float
        The logits, of any shape.
    axis : int, tuple of int or None, default -1
        The axis or axes along which the probabilities sum to 1. None means all of them.
    temperature : float, default 1.0
        :math:`T > 0`, as a number or in an array without axes.
    where : array_like of bool, optional
        Mask that broadcasts to the shape of `x`; False leaves an entry out. It gets -inf, whatever
        it holds.

    Returns
    -------
    ndarray or scalar
        The log-probabilities, of the shape of `x`: a scalar for a single number. The dtype is that
        of `x`, or float64 if it holds integers.

    Raises
    ------
    TypeError, ValueError, numpy.exceptions.AxisError
        As for `softmax`.

    See Also
    --------
    softmax : The probabilities.
    cross_entropy : The mean of these values at the labels, with the sign changed.

    Notes
    -----
    NaN and infinities follow `softmax`: the result is the logarithm of what is written there.

    Accuracy: the relative error is at most ``8 * eps`` (6.3 measured, for 127 entries of which
    one is largest and the others equal). That holds for the largest entry too, whose
    log-probability may be as small as :math:`-e^{-700}`. There the shift ``x_j - max(x)`` is
    rounded, and the longer the distance, the larger the relative error of its exponential. So
    the rounding error is recovered exactly, by Knuth's two-sum [1]_, and compensated to first
    order. With a temperature other than 1 the quotient is rounded too, which is not compensated:
    the bound for the largest entry is then ``(8 + 2*d) * eps``, with ``d`` its distance from the
    next one divided by the temperature. A result that is not a normal number, or beyond the
    range of the dtype, is rounded as that dtype does: in float16, -70,000 is -inf.

    References
    ----------
    .. [1] Donald E. Knuth, The Art of Computer Programming, volume 2, section 4.2.2, theorem B.

    Examples
    --------
    >>> log_softmax([0.0, -1000.0])
    array([    0., -1000.])
    """
    x = real_array(x, masked=_BY_WHERE)
    kernels = log_softmax_vector, log_softmax_rows
    return map_slices(kernels, x, axis, temperature, where, -np.inf)


def logsumexp(
    x: ArrayLike,
    axis: int | tuple[int, ...] | None = -1,
    *,
    keepdims: bool = False,
    where: ArrayLike | None = None,
) -> np.ndarray | Any:
    r"""Logarithm of a sum of exponentials, without overflow.

    .. math:: \log \sum_j e^{x_j} = m + \log\Bigl(1 + \sum_{j \ne t} e^{x_j - m}\Bigr),
       \qquad m = x_t = \max_j x_j

    Parameters
    ----------
    x : array_like of bool, int or float
        The numbers, of any shape.
    axis : int, tuple of int or None, default -1
        The axis or axes to sum over. None means all of them.
    keepdims : bool, default False
        Keep the summed axes, with length 1.
    where : array_like of bool, optional
        Mask that broadcasts to the shape of `x`; False leaves an entry out of the sum.

    Returns
    -------
    ndarray or scalar
        One number for each slice: the shape is that of `x` without the summed axes, or with length
        1 in their place, and the dtype that of `x`, or float64 if it holds integers.

    Raises
    ------
    TypeError, ValueError, numpy.exceptions.AxisError
        As for `softmax`.

    See Also
    --------
    online_logsumexp : The same for data that arrives in pieces.
    log_softmax : The entries less this number.

    Notes
    -----
    A slice with a NaN that is not masked is NaN; otherwise one with a +inf is +inf. For a slice of
    nothing but -inf, a slice that is masked throughout and an empty slice the result is -inf, the
    logarithm of 0.

    Accuracy: the absolute error is at most ``8 * eps * max(1, |max(x)|)`` for slices of up to
    10,000 entries (11 instead of 8 in float64 where ``longdouble`` is no wider). The most, 7.4,
    was measured for 127 equal entries. The largest term is kept out of the sum and comes back
    through ``log1p``, as in SciPy, so a small remainder is not lost against it: the result
    below would be 0 otherwise.

    Examples
    --------
    >>> float(logsumexp([0.0, -40.0]))
    4.248354255291589e-18
    """
    x = real_array(x, masked=_BY_WHERE)
    dtype = float_dtype(x)
    slices, axes, last = move_axes_last(x, axis)
    if where is not None:
        excluded = move_axes_last(excluded_mask(where, x), axis)[0]
        slices = np.where(excluded, dtype.type(-np.inf), slices)
    out = np.full(slices.shape[: slices.ndim - len(last)], -np.inf, dtype)
    if x.size:
        map_blocks(logsumexp_rows, slices.reshape(out.size, -1), out.reshape(-1, 1))
    if x.ndim == 0:
        return out.flat[0]
    return np.expand_dims(out, axes) if keepdims else out[()]


def online_logsumexp(chunks: Iterable[ArrayLike]) -> np.ndarray | Any:
    r"""Log-sum-exp of data that arrives in pieces, each seen once.

    Two numbers are carried along: the largest entry so far, `m`, and the sum `r` of the other
    exponentials relative to it, so that the total is :math:`e^m (1 + r)`. Two such pairs merge
    into one [1]_: for :math:`m_1 \ge m_2`,

    .. math:: m = m_1, \qquad r = r_1 + (1 + r_2)\, e^{m_2 - m_1}.

    Parameters
    ----------
    chunks : iterable of array_like
        The pieces. Each is summed over its last axis (a plain number counts as one entry), and
        the leading shapes agree. Pieces may be empty and of different lengths.

    Returns
    -------
    ndarray or scalar
        ``logsumexp(np.concatenate(chunks, axis=-1))`` in float64, or in longdouble if a piece
        is: -inf if there are no pieces.

    Raises
    ------
    TypeError
        If `chunks` is not an iterable of arrays, or a piece does not hold real numbers or has
        masked entries.
    ValueError
        If the leading shapes do not agree.

    See Also
    --------
    logsumexp : The same for a whole array.

    Notes
    -----
    NaN and infinities as in `logsumexp`. The error grows by at most ``2 * eps`` with each piece.

    References
    ----------
    .. [1] M. Milakov and N. Gimelshein, "Online normalizer calculation for softmax", 2018,
       :doi:`10.48550/arXiv.1805.02867`.

    Examples
    --------
    >>> float(online_logsumexp([[0.0], [-40.0]]))
    4.248354255291589e-18
    """
    m, tail, shape = np.float64(-np.inf), np.float64(0), None
    for number, chunk in enumerate(_iterable(chunks)):
        name = f"chunks[{number}]"
        left_out = f"To leave these entries out, pass {name}.astype(float).filled(-np.inf)."
        z = np.atleast_1d(real_array(chunk, name, masked=left_out))
        shape = z.shape[:-1] if shape is None else shape
        if z.shape[:-1] != shape:
            raise ValueError(
                "`chunks` must agree in shape except for the last axis, got "
                f"{shape} before it in chunks[0] and {z.shape[:-1]} in {name}."
            )
        if z.size == 0:
            continue
        z = z.reshape(math.prod(shape), -1)
        with np.errstate(all="ignore"):
            _, m2, tail2 = shifted_max_and_tail(z, np.result_type(z, np.float64))
            m2, tail2 = m2.reshape(shape), tail2.reshape(shape)
            m, tail = _merge(m, tail, m2, np.where(m2 == -np.inf, 0, tail2))
    # The zeros give the result its shape when every piece was empty.
    return (m + np.log1p(tail) + np.zeros(shape or ()))[()]


def _iterable(chunks):
    """Return `chunks` if it is an iterable of arrays; a dict would be one of its keys."""
    if not isinstance(chunks, Iterable) or isinstance(chunks, (str, bytes, Mapping)):
        way_out = " Pass chunks.values()." if isinstance(chunks, Mapping) else ""
        raise TypeError(
            f"`chunks` must be an iterable of arrays, got {type(chunks).__name__}.{way_out}"
        )
    return chunks


def _merge(m1, tail1, m2, tail2):
    """Return m and r of the union, from those of two parts."""
    tail = np.where(
        m1 >= m2,
        tail1 + (1 + tail2) * np.exp(np.where(m1 == m2, 0, m2 - m1)),
        tail2 + (1 + tail1) * np.exp(m1 - m2),
    )
    return np.maximum(m1, m2), tail


def sigmoid(x: ArrayLike) -> np.ndarray | Any:
    r"""Logistic function, the softmax of two classes.

    .. math:: \sigma(x) = \frac{1}{1 + e^{-x}} = \frac{e^x}{1 + e^x}

    Parameters
    ----------
    x : array_like of bool, int or float
        The numbers, of any shape.

    Returns
    -------
    ndarray or scalar
        Numbers between 0 and 1, of the shape of `x`. NaN stays NaN. The dtype is that of `x`, or
        float64 if it holds integers.

    Raises
    ------
    TypeError
        If `x` does not hold real numbers, or has masked entries.

    See Also
    --------
    softmax : The same for more than two classes.

    Notes
    -----
    Each side uses the form whose exponential cannot overflow, which is also the one that keeps
    the small values of the left tail. The relative error is at most ``4 * eps``.

    Examples
    --------
    >>> sigmoid([-1000.0, 0.0, 1000.0])
    array([0. , 0.5, 1. ])
    """
    x = real_array(x, masked="To get NaN for these entries, pass x.astype(float).filled(np.nan).")
    dtype = float_dtype(x)
    x = x.astype(working_dtype(dtype))
    with np.errstate(all="ignore"):
        e = np.exp(-np.abs(x))
        return (np.where(x < 0, e, 1) / (1 + e)).astype(dtype)[()]


def one_hot(labels: ArrayLike, num_classes: int) -> np.ndarray:
    """Encode each label as a row with a single 1.

    Parameters
    ----------
    labels : array_like of int
        Class indices from 0 to ``num_classes - 1``, of any shape.
    num_classes : int
        The number of classes, K.

    Returns
    -------
    ndarray of float64
        Shape ``labels.shape + (K,)``.

    Raises
    ------
    TypeError
        If the labels or `num_classes` are not integers, or labels are masked.
    ValueError
        If `num_classes` is not positive, or a label is out of range; the first one and its index
        are named. A negative label does not count from the end.

    See Also
    --------
    cross_entropy : Needs no encoding, it accepts labels.

    Examples
    --------
    >>> one_hot([0, 2], 3)
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    num_classes = check_count(num_classes, "num_classes")
    left_out = "To leave these labels out, pass labels.compressed()."
    labels = check_labels(labels, num_classes, "labels", masked=left_out)
    out = np.zeros((*labels.shape, num_classes))
    np.put_along_axis(out, labels[..., None], 1, axis=-1)
    return out


def _zero_probability(name):
    return f"To give these classes probability 0, pass {name}.filled(0)."


def softmax_jacobian(p: ArrayLike) -> np.ndarray:
    r"""Jacobian of softmax, from its value.

    .. math:: \frac{\partial p_i}{\partial x_j} = p_i(\delta_{ij} - p_j),
       \qquad J = \operatorname{diag}(p) - p p^\mathsf{T}

    Parameters
    ----------
    p : array_like
        Probabilities along the last axis, of shape (..., K).

    Returns
    -------
    ndarray
        Shape (..., K, K), symmetric in the last two axes, in the dtype of `p`, or float64 if it
        holds integers.

    Raises
    ------
    TypeError
        If `p` does not hold real numbers, or has masked entries.
    ValueError
        If `p` has no axis.

    See Also
    --------
    softmax_vjp : Its product with a vector, without the matrix.

    Notes
    -----
    It needs K times the memory of `p`.

    Examples
    --------
    >>> softmax_jacobian([0.25, 0.75])
    array([[ 0.1875, -0.1875],
           [-0.1875,  0.1875]])
    """
    p = real_array(p, "p", masked=_zero_probability("p"))
    if p.ndim == 0:
        raise ValueError("`p` must have an axis of classes, got a single number.")
    dtype = float_dtype(p)
    p = p.astype(working_dtype(dtype))
    with np.errstate(all="ignore"):
        jacobian = -p[..., :, None] * p[..., None, :]
        diagonal = np.arange(p.shape[-1])
        jacobian[..., diagonal, diagonal] = p * (1 - p)
        return jacobian.astype(dtype)


def softmax_vjp(p: ArrayLike, g: ArrayLike) -> np.ndarray:
    r"""Gradient with respect to the logits, from the gradient with respect to softmax.

    .. math:: J^\mathsf{T} g = p \odot (g - g \cdot p)

    Parameters
    ----------
    p : array_like
        Probabilities along the last axis, of shape (..., K).
    g : array_like
        Gradient of a scalar with respect to `p`, of the same shape.

    Returns
    -------
    ndarray
        The vector-Jacobian product, of the same shape, in the wider of the two dtypes. The
        Jacobian matrix is never built.

    Raises
    ------
    TypeError
        If `p` or `g` does not hold real numbers, or has masked entries.
    ValueError
        If the shapes differ, or there is no axis.

    See Also
    --------
    softmax_jacobian : The matrix.

    Examples
    --------
    >>> softmax_vjp([0.25, 0.75], [1.0, 0.0])
    array([ 0.1875, -0.1875])
    """
    p = real_array(p, "p", masked=_zero_probability("p"))
    g = real_array(g, "g", masked="If the loss does not depend on them, pass g.filled(0).")
    if p.shape != g.shape or p.ndim == 0:
        raise ValueError(
            f"`p` and `g` must have the same shape (..., K), got {p.shape} and {g.shape}."
        )
    dtype = np.result_type(float_dtype(p), float_dtype(g))
    p, g = p.astype(working_dtype(dtype)), g.astype(working_dtype(dtype))
    with np.errstate(all="ignore"):
        return (p * (g - np.sum(p * g, axis=-1, keepdims=True))).astype(dtype)
