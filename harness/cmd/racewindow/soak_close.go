package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/harness/soak"
)

func soakCloseCommand() *cobra.Command {
	out := ""
	cmd := &cobra.Command{
		Use:   "close FINGERPRINT...",
		Short: "Mark findings of a campaign as fixed",
		Long: `Mark findings of a campaign as fixed. A finding with a case needs no mark: each start of the campaign tries the case, and
closes the finding when the case holds. This command is for the others: a leak, a data race, a process that died. A
finding that is seen again counts again.

Exit codes: 0 closed, 2 wrong usage, no such campaign or finding is there, the journal is damaged, or another
process works on the campaign, 3 the journal cannot be written.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		Example:           "  racewindow soak close 7327f3db --out out/soak",
		RunE: func(cmd *cobra.Command, prints []string) error {
			if len(prints) == 0 || out == "" {
				return usageError{errors.New("give the fingerprints of findings, and --out DIR")}
			}
			err := soak.CloseFindings(out, prints)
			switch {
			case errors.Is(err, soak.ErrConfig), errors.Is(err, soak.ErrLocked):
				return usageError{err}
			case err == nil:
				fmt.Fprintf(cmd.OutOrStdout(), "closed %d; the summary shows it from the next start on\n", len(prints))
			}
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the campaign's folder, `DIR`")
	return cmd
}
