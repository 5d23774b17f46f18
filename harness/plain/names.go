package plain

import (
	"path"
	"regexp"
	"strings"
)

// Exactly returns the pattern for go test's -run that matches one test, or sub-test, and no other.
func Exactly(test string) string {
	parts := strings.Split(test, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

// Own returns the names with which functions of the package may begin, separated by blanks: the last element of its
// import path, and its name.
func (p Package) Own() string { return path.Base(p.ImportPath) + " " + p.Name }

// Matching returns the tests of a package that the first part of a pattern for -run selects.
func (p Package) Matching(pattern string) (tests []string, err error) {
	first, _, _ := strings.Cut(pattern, "/")
	re, err := regexp.Compile(first)
	if err != nil {
		return nil, err
	}
	for _, name := range p.Tests {
		if re.MatchString(name) {
			tests = append(tests, name)
		}
	}
	return tests, nil
}
