package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/failpoints"
)

func failpointsCommand() *cobra.Command {
	var jsonFile string
	cmd := &cobra.Command{
		Use:   "failpoints",
		Short: "List the failpoints of the engine: kind, resource and reason",
		Long: `List the failpoints of the engine in this module: at a yield point another goroutine may run, at a wait
point the code then waits, at a fault point an error can be injected. The resource is what the code after
the point touches, and how. In an instrumented binary the place in the source is listed too.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkPlaces(cmd.Flags(), []string{"json"}, nil); err != nil {
				return err
			}
			if jsonFile != "" {
				return writeJSON(jsonFile, failpointRows())
			}
			return writeFailpoints(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&jsonFile, "json", "", "write the list as JSON to this `FILE` (- for standard output)")
	return cmd
}

// A failpointRow is one line of the list.
type failpointRow struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Resource string `json:"resource"`
	Access   string `json:"access"`
	Reason   string `json:"reason"`
	Source   string `json:"source,omitempty"`
}

func failpointRows() (rows []failpointRow) {
	sources := map[string]string{}
	for _, p := range failpoints.Points() {
		if file, line := p.Position(); line > 0 && p.Package() == failpoints.StoragePackage {
			sources[p.Name()] = fmt.Sprintf("%s:%d", file, line)
		}
	}
	for _, e := range failpoints.Catalogue() {
		rows = append(rows, failpointRow{e.Name, e.Kind.String(), e.Resource, e.Access.String(), e.Reason, sources[e.Name]})
	}
	return rows
}

func writeFailpoints(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tKIND\tRESOURCE\tACCESS\tREASON")
	for _, r := range failpointRows() {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.Name, r.Kind, r.Resource, r.Access, r.Reason)
	}
	return table.Flush()
}

func marshal(v any) ([]byte, error) {
	data, err := json.MarshalIndent(v, "", "  ")
	return append(data, '\n'), err
}
