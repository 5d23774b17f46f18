// Package weaken is mutation testing for durability: would a test notice if a sync were missing?
//
// It finds the places of a module that make data durable or notice that they are not (find.go): syncs, syncs of folders,
// comparisons of checksums, and checks of errors that file operations return. All places of a build get a switch (schema.go),
// so one build serves all of them: the environment of a test process says which place does nothing. Then it runs the tests once
// for each place, and says which places no test misses (run.go).
//
// Building one binary for all mutants is known as mutant schemata: R. H. Untch, A. J. Offutt and M. J. Harrold, "Mutation
// analysis using mutant schemata", ISSTA 1993.
package weaken
