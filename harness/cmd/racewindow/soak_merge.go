package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/racewindow/racewindow/harness/soak"
)

func soakMergeCommand() *cobra.Command {
	out, minimums := "", []string(nil)
	cmd := &cobra.Command{
		Use:   "merge DIR...",
		Short: "Merge the shards of a campaign",
		Long: `Merge the folders of several soaks into one: findings by fingerprint, counts and coverage. If a shard is missing,
cannot be read, did not come to its end or has too few verdicts, the whole does not pass; the others are merged.

Exit codes: 0 nothing was found and enough was done, 1 something was found, 2 wrong usage (also folders that share
rounds, which would count twice, and an --out that is one of the folders), 3 too little was done.`,
		ValidArgsFunction: completeFolders,
		Example:           "  racewindow soak merge out/soak-0 out/soak-1 --out out/soak --minimum schedules=1000000",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || out == "" {
				return usageError{errors.New("give the folders to merge, and --out DIR")}
			}
			if err := checkPlaces(cmd.Flags(), nil, []string{"out"}); err != nil {
				return err
			}
			least := soak.Minimums{"rounds": 1, "canaries": 1}
			if slices.ContainsFunc(args, soak.HasCorpus) {
				least["corpus"] = 1
			}
			if err := soak.ParseMinimums(least, minimums, minimumNames()); err != nil {
				return usageError{fmt.Errorf("--minimum: %w", err)}
			}
			summary, err := soak.Merge(args, out, least)
			if errors.Is(err, soak.ErrConfig) {
				return usageError{err}
			}
			return printSoak(cmd.OutOrStdout(), summary, err)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "write summary and findings to this folder, `DIR`")
	cmd.Flags().StringSliceVar(&minimums, "minimum", nil, "fail below these numbers, `NAME=N,...`")
	return cmd
}
