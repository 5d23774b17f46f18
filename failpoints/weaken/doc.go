// Package weaken is mutation testing for durability: would a test notice if a sync were missing?
//
// It finds the places of a module that make data durable or notice that they are not (find.go): syncs, syncs of folders,
// comparisons of checksums, and checks of errors that file operations return. Each place gets a switch (schema.go), and
// the environment of a test process says which one is off. So one build serves all places. Then the tests run once for
// each place, and the report names the places that no test misses (run.go).
//
// Building one binary for all mutants is known as mutant schemata: R. H. Untch, A. J. Offutt and M. J. Harrold, "Mutation
// analysis using mutant schemata", ISSTA 1993.
package weaken
