// Package fuzzcanary is the canary of a campaign's fuzzing: a fuzz target that fails on purpose. Fuzzing must find this failure
// before it means anything that it finds no other. The package imports nothing, so that its binary is built in a second.
package fuzzcanary
