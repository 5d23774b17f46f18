package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/failpoints"
	"github.com/racewindow/racewindow/failpoints/overlay"
	"github.com/racewindow/racewindow/harness/cmd/racewindow/environment"
	"github.com/racewindow/racewindow/storage"
)

func failpointsCommand() *cobra.Command {
	var jsonFile, tags string
	var include []string
	cmd := &cobra.Command{
		Use:   "failpoints [packages]",
		Short: "List the failpoints of the engine, or the markers of packages: name, kind and place",
		Long: `List the failpoints of the engine in this module. At a yield point another goroutine may run; after a wait point
the code waits; at a fault point an error can be injected. The resource is what the code after the point touches, the
access how it does, and ALSO lists what else it touches: an exhaustive search that takes the order of independent steps
as arbitrary goes by all of it. An instrumented binary lists the place in the source too (--json).

With packages, list the markers that racewindow test, build and run splice there, test files included: the
name that enables the marker ((computed) if the program computes it), its kind, the tool whose runtime it
uses (pingcap, gofail), and its place. A marker that cannot be spliced is an error.

Exit codes: 0 listed, 2 wrong usage, 3 the list cannot be written.`,
		Example: "  racewindow failpoints\n  racewindow failpoints ./...\n  racewindow failpoints --include go.etcd.io/bbolt --json - ./...",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkPlaces(cmd.Flags(), []string{"json"}, nil); err != nil {
				return err
			}
			if len(args) > 0 {
				return listMarkers(cmd, args, include, tags, jsonFile)
			}
			if len(include) > 0 || tags != "" {
				return usageError{errors.New("--include and --tags choose among the markers of packages: name packages, as racewindow failpoints ./... does")}
			}
			if jsonFile != "" {
				return writeJSON(jsonFile, failpointRows())
			}
			return writeFailpoints(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&jsonFile, "json", "", "write the list as JSON to this `FILE` (- for standard output)")
	cmd.Flags().StringSliceVar(&include, "include", nil, "list the markers of this dependency `MODULE` too; repeat for more")
	cmd.Flags().StringVar(&tags, "tags", "", "build `TAGS`, as for go build")
	return cmd
}

func listMarkers(cmd *cobra.Command, packages, include []string, tags, jsonFile string) error {
	c := overlay.Command{Include: include, Stderr: cmd.ErrOrStderr(), Env: environment.Full()}
	if tags != "" {
		c.Args = []string{"-tags=" + tags}
	}
	c.Args = append(append(c.Args, "--"), packages...)
	markers, err := overlay.List(cmd.Context(), c)
	switch {
	case err != nil:
		return sourcesError(err)
	case len(markers) == 0:
		return fmt.Errorf("no failpoint markers in %s", strings.Join(packages, " "))
	case jsonFile != "":
		return writeJSON(jsonFile, markers)
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tKIND\tTOOL\tPLACE")
	for _, m := range markers {
		name := m.Name
		if name == "" {
			name = "(computed)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s:%d\n", name, m.Kind, m.Tool, m.File, m.Line)
	}
	return table.Flush()
}

// A failpointRow is one line of the list.
type failpointRow struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Resource string `json:"resource"`
	Access   string `json:"access"`
	// Also is what else the code after the point touches.
	Also   []touchRow `json:"also,omitempty"`
	Reason string     `json:"reason"`
	Source string     `json:"source,omitempty"`
}

// A touchRow is a resource that the code after a failpoint touches besides.
type touchRow struct {
	Resource string `json:"resource"`
	Access   string `json:"access"`
}

// also lists the touches of a row in words.
func (r failpointRow) also() string {
	var words []string
	for _, t := range r.Also {
		words = append(words, t.Access+" "+t.Resource)
	}
	return strings.Join(words, ", ")
}

func failpointRows() (rows []failpointRow) {
	sources := map[string]string{}
	for _, p := range failpoints.Points() {
		if file, line := p.Position(); line > 0 && p.Package() == storage.Package {
			sources[p.Name()] = fmt.Sprintf("%s:%d", file, line)
		}
	}
	for _, e := range storage.Points() {
		row := failpointRow{Name: e.Name, Kind: e.Kind.String(), Resource: e.Resource, Access: e.Access.String(), Reason: e.Reason, Source: sources[e.Name]}
		for _, t := range e.Also {
			row.Also = append(row.Also, touchRow{t.Resource, t.Access.String()})
		}
		rows = append(rows, row)
	}
	return rows
}

func writeFailpoints(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tKIND\tRESOURCE\tACCESS\tALSO\tREASON")
	for _, r := range failpointRows() {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, r.Kind, r.Resource, r.Access, r.also(), r.Reason)
	}
	return table.Flush()
}

func marshal(v any) ([]byte, error) {
	data, err := json.MarshalIndent(v, "", "  ")
	return append(data, '\n'), err
}
