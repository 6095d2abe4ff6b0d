// Command compose-loader checks Compose files with the loader that Docker Compose v2.40 itself uses,
// and prints the merged project: `docker compose config` without the 67 MB of the rest.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

type list []string

func (l *list) String() string         { return fmt.Sprint(*l) }
func (l *list) Set(value string) error { *l = append(*l, value); return nil }

func run() error {
	var files, envFiles, profiles list
	flag.Var(&files, "f", "Compose file, repeatable; later ones override")
	flag.Var(&envFiles, "env-file", "file with variables, repeatable; default .env")
	flag.Var(&profiles, "profile", "profile to enable, repeatable; * for all")
	format := flag.String("format", "yaml", "yaml or json")
	flag.Parse()

	options, err := cli.NewProjectOptions(files,
		cli.WithOsEnv,
		cli.WithEnvFiles(envFiles...),
		cli.WithDotEnv,
		cli.WithConfigFileEnv,
		cli.WithDefaultConfigPath,
		cli.WithDefaultProfiles(profiles...),
		cli.WithInterpolation(true),
		cli.WithResolvedPaths(true),
		cli.WithNormalization(true),
		cli.WithConsistency(true),
	)
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	marshal := project.MarshalYAML
	if *format == "json" {
		marshal = project.MarshalJSON
	}
	text, err := marshal()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
