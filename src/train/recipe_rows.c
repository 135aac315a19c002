/* The trainer's own keys of a recipe: one row each. Lists of optimisers and schedules name themselves. */
#include "train/trainer.h"

#define F(field)        offsetof(struct vt_recipe, field)
#define OPTIMIZER(name) "|" #name
#define SCHEDULE(name)  "|" #name
static const char optimizer_choices[] =
#include "train/optimizers.list"
    ;
static const char schedule_choices[] =
#include "train/schedules.list"
    ;
#undef OPTIMIZER
#undef SCHEDULE

const struct vt_opt vt__recipe_rows[] = {
    {"task", 0, VT_OPT_STRING, F(task), NULL, 0, 0, NULL, "NAME", "What is trained"},
    {"epochs", 0, VT_OPT_INT, F(epochs), "10", 1, VT_MAX_EPOCHS, NULL, "N", "Passes over the training data"},
    {"batch", 0, VT_OPT_INT, F(batch), "16", 1, 65536, NULL, "N", "Samples per step"},
    {"seed", 0, VT_OPT_INT, F(seed), "1", 0, 9e15, NULL, "N", "Fixes first weights, order and augmentation"},
    {"precision", 0, VT_OPT_ENUM, F(precision), "auto", 0, 0, "f32|bf16|auto", NULL,
     "Numbers of activations and gradients; weights stay f32"},
    {"threads", 0, VT_OPT_INT, F(threads), "0", 0, 1024, NULL, "N",
     "Threads that compute, 0 = as the program's"},
    {"loader.threads", 0, VT_OPT_INT, F(loader_threads), "0", 0, 256, NULL, "N",
     "Threads that make samples, 0 = as many as cores"},
    {"loader.prefetch", 0, VT_OPT_INT, F(loader_prefetch), "3", 1, 64, NULL, "N", "Batches made ahead"},
    {"optimizer.name", 0, VT_OPT_ENUM, F(optimizer), "sgd", 0, 0, optimizer_choices + 1, NULL, "Update rule"},
    {"optimizer.lr", 0, VT_OPT_FLOAT, F(lr), "0.01", 0, 1000, NULL, "RATE", "Learning rate"},
    {"optimizer.momentum", 0, VT_OPT_FLOAT, F(momentum), "0.9", 0, 0.99999, NULL, "X",
     "Momentum of sgd and rmsprop"},
    {"optimizer.nesterov", 0, VT_OPT_FLAG, F(nesterov), "no", 0, 0, NULL, NULL,
     "Nesterov's momentum for sgd"},
    {"optimizer.weight_decay", 0, VT_OPT_FLOAT, F(weight_decay), "0", 0, 10, NULL, "X",
     "Decay of convolution and linear weights"},
    {"optimizer.beta1", 0, VT_OPT_FLOAT, F(beta1), "0.9", 0, 0.99999, NULL, "X",
     "First moment's decay of adam"},
    {"optimizer.beta2", 0, VT_OPT_FLOAT, F(beta2), "0.999", 0, 0.9999999, NULL, "X",
     "Second moment's decay of adam and rmsprop"},
    {"optimizer.eps", 0, VT_OPT_FLOAT, F(eps), "1e-8", 1e-20, 1, NULL, "X",
     "Keeps adam, adagrad and rmsprop from dividing by zero"},
    {"schedule.name", 0, VT_OPT_ENUM, F(schedule), "cosine", 0, 0, schedule_choices + 1, NULL,
     "Course of the learning rate"},
    {"schedule.warmup", 0, VT_OPT_FLOAT, F(warmup), "0", 0, 1e6, NULL, "EPOCHS", "Linear rise at the start"},
    {"schedule.final", 0, VT_OPT_FLOAT, F(final), "0", 0, 1, NULL, "SHARE",
     "Last learning rate as a share of the first (cosine, onecycle, plateau)"},
    {"schedule.step", 0, VT_OPT_INT, F(step), "10", 1, VT_MAX_EPOCHS, NULL, "EPOCHS",
     "Length of a step (step)"},
    {"schedule.gamma", 0, VT_OPT_FLOAT, F(gamma), "0.1", 0, 1, NULL, "X",
     "Factor of each fall (step, plateau)"},
    {"schedule.patience", 0, VT_OPT_INT, F(patience), "5", 1, VT_MAX_EPOCHS, NULL, "N",
     "Validations without progress before a fall (plateau)"},
    {"schedule.rise", 0, VT_OPT_FLOAT, F(rise), "0.3", 0, 0.99, NULL, "SHARE",
     "Share of the rise (onecycle)"},
    {"schedule.start", 0, VT_OPT_FLOAT, F(start), "0.04", 0, 1, NULL, "SHARE",
     "First share of the rate (onecycle)"},
    {"clip", 0, VT_OPT_FLOAT, F(clip), "0", 0, 1e9, NULL, "NORM",
     "Largest norm of all gradients together, 0 = off"},
    {"ema", 0, VT_OPT_FLOAT, F(ema), "0", 0, 0.999999, NULL, "DECAY",
     "Decay of the moving average of weights, which is what is validated and saved, 0 = off"},
    {"freeze", 0, VT_OPT_LIST, F(freeze), NULL, 0, 0, NULL, "PREFIX",
     "Weights whose names begin so stay as they are"},
    {"init", 0, VT_OPT_STRING, F(init), NULL, 0, 0, NULL, "FILE",
     "Model (.onnx, .safetensors) whose weights of the same name and shape are taken at the start"},
    {"early_stop", 0, VT_OPT_INT, F(early_stop), "0", 0, VT_MAX_EPOCHS, NULL, "N",
     "Validations without progress that end the run, 0 = off"},
    {"best", 0, VT_OPT_STRING, F(best), "loss", 0, 0, NULL, "METRIC",
     "Metric that decides which model is best"},
    {"best_mode", 0, VT_OPT_ENUM, F(best_mode), "auto", 0, 0, "auto|max|min", NULL,
     "Whether more is better; auto: no for names with `loss` or `error`"},
    {"validate_every", 0, VT_OPT_INT, F(validate_every), "1", 1, VT_MAX_EPOCHS, NULL, "EPOCHS",
     "Epochs between validations; the last is always validated"},
    {"checkpoint_every", 0, VT_OPT_FLOAT, F(checkpoint_every), "300", 0, 1e9, NULL, "SECONDS",
     "Time between checkpoints inside an epoch, 0 = off; each epoch ends with one"},
    {"checkpoint_steps", 0, VT_OPT_INT, F(checkpoint_steps), "0", 0, 1e12, NULL, "STEPS",
     "Steps between checkpoints inside an epoch, 0 = off"},
    {"log_every", 0, VT_OPT_INT, F(log_every), "50", 1, 1e12, NULL, "STEPS",
     "Steps between losses sent to TensorBoard"},
    {"keep_batches", 0, VT_OPT_INT, F(keep_batches), "0", 0, 1e6, NULL, "N",
     "Write the first N batches to RUN/batches as .npy files, as the network is fed"},
    {"charts", 0, VT_OPT_FLAG, F(charts), "yes", 0, 0, NULL, NULL,
     "Draw SVG charts of the results with gnuplot"},
    {"profile", 0, VT_OPT_FLAG, F(profile), "no", 0, 0, NULL, NULL,
     "Write the time of each step of the training program to profile.txt"},
};
const int vt__recipe_nrows = (int)VT_COUNT(vt__recipe_rows);
