"""Mushir suggests, Optuna prunes."""
import mushir.optuna
import optuna


def objective(trial):
    lr = trial.suggest_float("lr", 1e-3, 1, log=True)
    x = 4.0
    for epoch in range(20):
        x -= lr * 2 * x
        trial.report(x * x + lr / 10, epoch)
        if trial.should_prune():
            raise optuna.TrialPruned
    return x * x + lr / 10


study = optuna.create_study(sampler=mushir.optuna.MushirSampler(seed=1), pruner=optuna.pruners.MedianPruner(n_warmup_steps=3))
study.optimize(objective, n_trials=40)
print(study.best_trial.number, study.best_value, study.best_params)
print({state.name: sum(trial.state == state for trial in study.trials) for state in optuna.trial.TrialState})
