// Command controlplane is etcd, kube-apiserver, kube-controller-manager, kube-scheduler or kwok by its first argument.
// tests/controlplane/build.py builds it and harness.py starts it five times: one download, one build, one real cluster.
package main

import (
	"fmt"
	"io"
	"os"
	_ "time/tzdata" // CronJob time zones

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	manager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kwokconfig "sigs.k8s.io/kwok/pkg/config"
	kwok "sigs.k8s.io/kwok/pkg/kwok/cmd"
	kwoklog "sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/signals"
)

func main() {
	programs := map[string]func(){
		"etcd":                    func() { etcdmain.Main(os.Args) },
		"kube-apiserver":          func() { run(apiserver.NewAPIServerCommand()) },
		"kube-controller-manager": func() { run(manager.NewControllerManagerCommand()) },
		"kube-scheduler":          func() { run(scheduler.NewSchedulerCommand()) },
		"kwok":                    runKwok,
	}
	if len(os.Args) < 2 || programs[os.Args[1]] == nil {
		fail("the first argument must be etcd, kube-apiserver, kube-controller-manager, kube-scheduler or kwok")
	}
	name := os.Args[1]
	os.Args = append([]string{name}, os.Args[2:]...)
	if os.Getenv("END_WITH_STDIN") != "" {
		go endWithStdin()
	}
	programs[name]()
}

// endWithStdin ends the program when the other end of its standard input is gone: nothing outlives the harness.
func endWithStdin() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(1)
}

func run(command *cobra.Command) {
	os.Exit(cli.Run(command))
}

// runKwok is kwok's own main: its flags and configuration files are read before its command exists.
func runKwok() {
	// cobra adds every program's flags from here, and Kubernetes' own --version is not the switch that it looks for.
	pflag.CommandLine = pflag.NewFlagSet("kwok", pflag.ContinueOnError)
	flags := pflag.NewFlagSet("global", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}
	ctx, _ := kwoklog.InitFlags(signals.SetupSignalContext(), flags)
	ctx, err := kwokconfig.InitFlags(ctx, flags)
	if err != nil {
		fail(err)
	}
	command := kwok.NewCommand(ctx)
	command.PersistentFlags().AddFlagSet(flags)
	if err := command.ExecuteContext(ctx); err != nil {
		fail(err)
	}
}

func fail(reason any) {
	fmt.Fprintln(os.Stderr, reason)
	os.Exit(1)
}
