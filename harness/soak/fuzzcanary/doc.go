// Package fuzzcanary has a fuzz target that fails on purpose, which the fuzzing of a campaign must find before what it does not find
// says anything. It imports nothing, so that its binary is built in a second.
package fuzzcanary
