// Package values handles the arguments and results of operations on objects whose types the harness does not know. It draws
// arguments by type, writes them as Go literals and reads them again, makes them smaller, copies them, calls the operation,
// and renders its results as text. It knows no subject, no scheduler and no report, and imports only the standard library
// and gopter.
//
//	New       a method expression or function  -> an Operation, or refusals that name the operation and the remedy
//	Draw      one *rand.Rand                    -> arguments; the first from a small domain, so that clients meet
//	Text      arguments                         -> put("a", 1)
//	Parse     put("a", 1)                       -> the same arguments, or an error with its position
//	Smaller   arguments                         -> arguments that are one step smaller; the steps end
//	Copy      arguments                         -> a separate copy for one execution
//	Call      receiver, context, arguments      -> an Outcome: results, a panic, or an exit
//	Scribble  arguments, after the call         -> whatever the operation kept of them is overwritten
//	Renderer  an Outcome                        -> canonical text; equal results have equal texts
//
// # The canonical form of a literal
//
// A literal is a Go expression for a known type. Its text is one line of printable ASCII without a single quote, so it fits
// between the single quotes of a shell.
//
//	bool, numbers    true, -5, 1.5, complex(1, 2), math.Inf(1), float32(math.NaN()), math.Copysign(0, -1)
//	strings          "a\n\x27\u00e9", always in double quotes
//	bytes            []byte("a"), also for named types of bytes
//	time             5*time.Second, 0 and time.Unix(5, 0).UTC(), time.Time{}; the location of a time is not kept
//	slices, maps     []string{"x"}, map[string]int{"a": 1}, keys in order; nil and []string{} are two values
//	arrays           [3]int{1}, zeros at the end left out
//	structs          Point{X: 1}, zero fields left out; inside slices, arrays and maps {X: 1}
//	pointers         &Point{X: 1}, new(5), new(int64(5)), nil
//	any              the type is told where it is not bool, int, float64 or string: int64(5)
//
// Qualifiers of named types are left out, except for package time; so are type arguments. Parse accepts both. So a literal
// compiles in the package of its types, unless a type has type arguments.
//
// # Bounds
//
// A literal has at most 64 KiB and 64 levels, and takes at most 64 MiB of memory. A text to split has at most 1 MiB. The
// type of an argument has at most 1 MiB. A drawn value has at most 256 parts. At most 4096 elements are taken from an
// iterator (Options.Elements). A rendered result has at most 4 KiB (Renderer.Limit) plus a hash of the rest, 262144 parts
// and 1000 levels.
package values
