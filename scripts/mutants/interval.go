package main

import "math"

// interval is the Clopper-Pearson interval at 95 % for the probability of an event that occurred hits times in n trials. It is
// exact: it covers the true value at least that often, even if hits is 0.
func interval(hits, n uint64) (low, high float64) {
	low, high = 0, 1
	if n == 0 {
		return low, high
	}
	const tail = 0.025
	if hits > 0 {
		low = solve(func(p float64) bool { return 1-atMost(hits-1, n, p) < tail })
	}
	if hits < n {
		high = solve(func(p float64) bool { return atMost(hits, n, p) > tail })
	}
	return low, high
}

// solve returns where below changes from true to false between 0 and 1.
func solve(below func(p float64) bool) float64 {
	low, high := 0.0, 1.0
	for range 200 {
		if middle := (low + high) / 2; below(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2
}

// atMost is the probability of at most k successes in n trials.
func atMost(k, n uint64, p float64) float64 {
	if k >= n || p <= 0 {
		return 1
	}
	if p >= 1 {
		return 0
	}
	return incompleteBeta(float64(n-k), float64(k+1), 1-p)
}

// incompleteBeta is the regularized incomplete beta function, from its continued fraction by Lentz's method.
func incompleteBeta(a, b, x float64) float64 {
	if x <= 0 || x >= 1 {
		return min(max(x, 0), 1)
	}
	if x > (a+1)/(a+b+2) {
		return 1 - incompleteBeta(b, a, 1-x)
	}
	ab, _ := math.Lgamma(a + b)
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	front := math.Exp(ab - la - lb + a*math.Log(x) + b*math.Log1p(-x))
	const tiny = 1e-300
	c, d := 1.0, 1-(a+b)*x/(a+1)
	if math.Abs(d) < tiny {
		d = tiny
	}
	d = 1 / d
	f := d
	for i := 1.0; i < 100_000; i++ {
		f, c, d = lentz(f, c, d, i*(b-i)*x/((a+2*i-1)*(a+2*i)))
		before := f
		f, c, d = lentz(f, c, d, -(a+i)*(a+b+i)*x/((a+2*i)*(a+2*i+1)))
		if math.Abs(f-before) < 1e-15*math.Abs(f) {
			break
		}
	}
	return front * f / a
}

func lentz(f, c, d, term float64) (nf, nc, nd float64) {
	const tiny = 1e-300
	d = 1 + term*d
	if math.Abs(d) < tiny {
		d = tiny
	}
	c = 1 + term/c
	if math.Abs(c) < tiny {
		c = tiny
	}
	d = 1 / d
	return f * c * d, c, d
}
